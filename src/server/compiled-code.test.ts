import { lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { shareCompiledCode } from './compiled-code.ts';

function aHome() {
  const home = mkdtempSync(join(tmpdir(), 'slipway-compiled-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  return { compileCache: join(home, 'cache/compile'), tools: join(home, 'tools') };
}

it('homes of one installation share what Node has compiled of it, workers too', () => {
  const [one, other] = [aHome(), aHome()];
  shareCompiledCode(one);
  shareCompiledCode(other);
  const shared = realpathSync(one.compileCache);
  expect(shared.endsWith('node_modules/.cache/slipway')).toBe(true);
  expect(realpathSync(other.compileCache)).toBe(shared);
  expect(realpathSync(join(other.tools, 'compile-cache'))).toBe(shared);
});

it('a home that has begun to keep its own goes on to, and asking twice is asking once', () => {
  const home = aHome();
  mkdirSync(home.compileCache, { recursive: true });
  shareCompiledCode(home);
  shareCompiledCode(home);
  expect(lstatSync(home.compileCache).isDirectory()).toBe(true);
  expect(lstatSync(join(home.tools, 'compile-cache')).isSymbolicLink()).toBe(true);
});
