import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTar } from './tar.ts';

const file = (path: string, text = '') => ({
  path,
  content: Buffer.from(text),
  mode: 0o640,
  uid: 12,
  gid: 34,
});

test('an archive is read by tar, with owners, modes, empty and long files and long paths', () => {
  const long = `${'folder/'.repeat(20)}${'n'.repeat(90)}`;
  const archive = writeTar([
    file('run/secrets/key', 'hunter2'),
    file('empty'),
    file('big', 'x'.repeat(1024)),
    file(long, 'far'),
  ]);
  const list = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--utc'], {
    input: archive,
    encoding: 'utf8',
  });
  expect(list.trim().split('\n')).toEqual([
    '-rw-r----- 12/34             7 1970-01-01 00:00 run/secrets/key',
    '-rw-r----- 12/34             0 1970-01-01 00:00 empty',
    '-rw-r----- 12/34          1024 1970-01-01 00:00 big',
    `-rw-r----- 12/34             3 1970-01-01 00:00 ${long}`,
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'slipway-tar-'));
  expect(execFileSync('tar', ['-xOf', '-', long], { cwd: folder, input: archive, encoding: 'utf8' })).toBe(
    'far',
  );
  rmSync(folder, { recursive: true });
});

test('a name that no archive can hold is an error, never cut short', () => {
  expect(() => writeTar([file('n'.repeat(101))])).toThrow('is too long for an archive');
});
