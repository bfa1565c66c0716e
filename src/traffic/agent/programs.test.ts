import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findProgram, installHelp, isProgramKind } from './programs.ts';

test('a program is looked for in PATH first, and must be one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-programs-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'haproxy');
  writeFileSync(file, '');
  expect(lookIn(folder)).not.toBe(file);
  chmodSync(file, 0o755);
  expect(lookIn(`/nowhere:${folder}`)).toBe(file);
});

test('the help names what installs it and what needs nothing', () => {
  expect(installHelp('nginx')).toContain('apt-get install nginx');
  expect(installHelp('nginx')).toContain('slipway up --router embedded');
  expect([isProgramKind('nginx'), isProgramKind('embedded')]).toEqual([true, false]);
});

function lookIn(path: string): string | undefined {
  try {
    return findProgram('haproxy', path);
  } catch (error) {
    expect(error).toMatchObject({ code: 'traffic/not-installed', help: installHelp('haproxy') });
    return undefined;
  }
}
