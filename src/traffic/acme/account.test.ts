import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acmeAccount } from './account.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-account-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('two that make the account at once have the same, for nobody else to read', async () => {
  const file = join(folder, 'acme', 'account.pem');
  const [one, two] = await Promise.all([acmeAccount(file), acmeAccount(file)]);
  expect(one).toEqual(two);
  expect(one.thumbprint).toMatch(/^[\w-]{43}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'acme'))).toEqual(['account.pem']);
  expect(await acmeAccount(file)).toEqual(one);
});

test('a key that others may read is refused, with the command that closes it', async () => {
  const file = join(folder, 'account.pem');
  await acmeAccount(file);
  await chmod(file, 0o640);
  await expect(acmeAccount(file)).rejects.toMatchObject({
    code: 'traffic/acme-key-open',
    help: `chmod 600 ${file}; or remove it, and a new account is made`,
  });
});
