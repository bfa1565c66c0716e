import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The key that signs ID tokens, with its public half as others are told it. */
export interface SigningKey {
  privateKey: KeyObject;
  /** A JSON Web Key; its `kid` is the thumbprint of RFC 7638. */
  jwk: { kty: 'RSA'; n: string; e: string; kid: string; use: 'sig'; alg: 'RS256' };
}

/**
 * Reads the machine's key, and makes it on first use; several processes may come at once, and all get the same. It stays
 * the same from run to run, so that whoever verifies tokens can pin it.
 */
export async function signingKey(toolsDirectory: string): Promise<SigningKey> {
  const directory = join(toolsDirectory, 'oidc');
  const path = join(directory, 'signing-key.pem');
  const text = (await readIfThere(path)) ?? (await makeKey(directory, path));
  const privateKey = createPrivateKey(text);
  const { n = '', e = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
  return { privateKey, jwk: { kty: 'RSA', n, e, kid, use: 'sig', alg: 'RS256' } };
}

async function makeKey(directory: string, path: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const own = `${path}.${process.pid}.${createHash('sha256').update(privateKey).digest('hex').slice(0, 8)}`;
  await writeFile(own, privateKey, { mode: 0o600 });
  try {
    await link(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(own, { force: true });
  }
  return readFile(path, 'utf8');
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
