import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { readIfThere, writeDurably } from './durable-file.ts';

/** Signs the heads of the event chains: Ed25519, signatures in base64. */
export interface AuditKey {
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
  /** Whether it was made just now: then this machine has kept no heads before. */
  isNew: boolean;
}

/**
 * The key in `<home>/keys/audit.key` (mode 0600), made when there is none; the public half stands beside it as `audit.pub`.
 * Two processes must not make it at the same time: call it inside a transaction that queues for `heads`.
 *
 * @throws CodedError `store/bad-audit-key` when the file is no Ed25519 key.
 */
export function openAuditKey(home: string): AuditKey {
  const file = join(home, 'keys', 'audit.key');
  const kept = readIfThere(file);
  const privateKey = kept === null ? generateKeyPairSync('ed25519').privateKey : parseKey(file, kept);
  const publicKey = createPublicKey(privateKey);
  if (kept === null) {
    writeDurably(join(home, 'keys', 'audit.pub'), publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
    writeDurably(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  }
  return {
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64'),
    verify: (text, signature) => verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64')),
    isNew: kept === null,
  };
}

function parseKey(file: string, text: string): KeyObject {
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw badKey(file, cause);
  }
  throw badKey(file, undefined);
}

function badKey(file: string, cause: unknown): CodedError {
  return new CodedError('store/bad-audit-key', `${file} does not hold an Ed25519 private key`, {
    help: 'restore it from a backup; with a new key (delete the file) the heads that were signed before no longer verify',
    cause,
  });
}
