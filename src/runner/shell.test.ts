import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shellArgv } from './shell.ts';

describe('shells', () => {
  let bin: string;
  const install = (name: string) => {
    writeFileSync(join(bin, name), '');
    chmodSync(join(bin, name), 0o755);
  };
  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'slipway-shell-'));
    install('sh');
  });
  afterEach(() => rmSync(bin, { recursive: true }));

  test.each([
    [null, ['bash', '-e', 's']],
    ['bash', ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', 's']],
    ['sh', ['sh', '-e', 's']],
    ['perl -w {0} x', ['perl', '-w', 's', 'x']],
  ])('%s', (shell, expected) => {
    install('bash');
    install('perl');
    const [program = '', ...args] = shellArgv(shell, 's', `/nowhere:${bin}`);
    expect([program.replace(`${bin}/`, ''), ...args]).toEqual(expected);
  });

  test('without bash an unnamed shell is sh', () => {
    expect(shellArgv(null, 's', bin)).toEqual([join(bin, 'sh'), '-e', 's']);
  });

  test('a shell that is asked for is never replaced', () => {
    expect(() => shellArgv('bash', 's', bin)).toThrow('the shell "bash" is not on the job\'s PATH');
  });

  test('a custom shell has to say where the script goes', () => {
    expect(() => shellArgv('perl', 's', bin)).toThrow('the shell "perl" is not known');
  });
});
