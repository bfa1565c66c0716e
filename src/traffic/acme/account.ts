import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';

/** Who we are to a certificate authority. */
export interface AcmeAccount {
  /** PKCS 8, PEM. */
  key: string;
  /**
   * What ends the answer to every challenge of this account. A router that knows it answers them all by itself: the
   * question says the rest.
   *
   * @see RFC 8555, section 8.1
   */
  thumbprint: string;
}

/**
 * The account whose key lies in a file; made when there is none.
 *
 * @throws CodedError `traffic/acme-key-open` when others may read it; whoever has it can get certificates in our name.
 */
export async function acmeAccount(keyFile: string): Promise<AcmeAccount> {
  const key = (await readKey(keyFile)) ?? (await makeKey(keyFile));
  return { key, thumbprint: thumbprintOf(key) };
}

/** The thumbprint of a P-256 key. @see RFC 7638 */
export function thumbprintOf(key: string): string {
  const { crv, kty, x, y } = createPublicKey(createPrivateKey(key)).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

async function readKey(file: string): Promise<string | null> {
  try {
    if (((await stat(file)).mode & 0o077) !== 0)
      throw new CodedError('traffic/acme-key-open', `others may read the key of the ACME account: ${file}`, {
        help: `chmod 600 ${file}; or remove it, and a new account is made`,
      });
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Two that make one at the same moment end up with the same: the first that is whole stays. */
async function makeKey(file: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return await readFile(file, 'utf8');
}
