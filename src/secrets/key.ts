import { createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { readPrivateFile } from './private-file.ts';

/** Where the key of a Slipway home lies. */
export function keyFile(home: string): string {
  return join(home, 'keys', 'secrets.key');
}

/**
 * Reads the key that encrypts secrets, and makes it the first time.
 *
 * @throws CodedError `secrets/open-file`, `secrets/foreign-file` or `secrets/bad-key`.
 */
export async function openKey(file: string): Promise<KeyObject> {
  const text = (await readPrivateFile(file)) ?? (await makeKey(file));
  const bytes = Buffer.from(text.trim(), 'base64');
  if (bytes.length === 32) return createSecretKey(bytes);
  throw new CodedError('secrets/bad-key', `${file} does not hold a key of 32 bytes`, {
    help: 'restore the file from a backup: without the right key, the secrets cannot be read',
  });
}

/** Whoever links the finished file first makes the key; everyone reads that one. */
async function makeKey(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${randomBytes(32).toString('base64')}\n`);
    await handle.sync();
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await handle.close();
    await rm(draft, { force: true });
  }
  return (await readPrivateFile(file)) ?? '';
}
