import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CodedError } from '../diagnostics/index.ts';
import { findShell, shellArgv } from './shell.ts';

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

  const argvOf = (shell: string | null, path: string) => shellArgv(findShell(shell, path), 's');

  test.each([
    [null, ['bash', '-e', 's'], '.sh'],
    ['bash', ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', 's'], '.sh'],
    ['bash -x {0}', ['bash', '-x', 's'], '.sh'],
    ['sh', ['sh', '-e', 's'], '.sh'],
    ['python', ['python', 's'], '.py'],
    ['pwsh', ['pwsh', '-command', ". 's'"], '.ps1'],
    ['perl -w {0} x', ['perl', '-w', 's', 'x'], ''],
    ['perl -e "print 1; \\"a\\"" \'b c\' --file={0}', ['perl', '-e', 'print 1; "a"', 'b c', '--file=s'], ''],
  ])('%s', (shell, expected, extension) => {
    for (const name of ['bash', 'perl', 'python', 'pwsh']) install(name);
    const [program = '', ...args] = argvOf(shell, `/nowhere:${bin}`);
    expect([program.replace(`${bin}/`, ''), ...args]).toEqual(expected);
    expect(findShell(shell, bin).extension).toBe(extension);
  });

  test('without bash an unnamed shell is sh', () => {
    expect(argvOf(null, bin)).toEqual([join(bin, 'sh'), '-e', 's']);
    expect(argvOf('', bin)).toEqual([join(bin, 'sh'), '-e', 's']);
  });

  test('PowerShell stops at errors and ends as its last program did', () => {
    install('pwsh');
    expect(findShell('pwsh', bin).contents('Get-Date').split('\n')).toEqual([
      "$ErrorActionPreference = 'stop'",
      'Get-Date',
      String.raw`if ((Test-Path -LiteralPath variable:\LASTEXITCODE)) { exit $LASTEXITCODE }`,
      '',
    ]);
  });

  test('a shell that is asked for is never replaced, and what there is instead is told', () => {
    expect(() => findShell('bash', bin)).toThrow('the shell "bash" is not on the job\'s PATH');
    const notes = notesOf(() => findShell('python', bin));
    expect(notes).toEqual(['on this machine: sh', `PATH: ${bin}`]);
  });

  test.each(['cmd', 'powershell'])('%s exists elsewhere', (shell) => {
    expect(() => findShell(shell, bin)).toThrow(`the shell "${shell}" exists on Windows only`);
  });

  test('a custom shell has to say where the script goes', () => {
    install('perl');
    expect(() => findShell('perl', bin)).toThrow('the shell "perl" is not known');
    expect(notesOf(() => findShell('bash -x', bin))[0]).toBe(
      'known: bash, sh, python, pwsh, or a command that holds {0}, such as "perl {0}"',
    );
  });
});

function notesOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof CodedError) return error.notes;
  }
  throw new Error('nothing was refused');
}
