import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CodedError } from '../diagnostics/index.ts';

/** In the place of an environment: a secret of the repository, which every job of the app may have. No process gets it. */
export const repositoryScope = '*';

/** Which secret. */
export interface SecretName {
  app: string;
  /** Or `repositoryScope`. */
  environment: string;
  name: string;
}

/** One version of a secret as stored. */
export interface StoredSecret extends SecretName {
  /** From 1, without gaps. */
  version: number;
  ciphertext: string;
  createdAtMs: number;
}

/** Keeps encrypted values; `store/` implements it. */
export interface SecretStore {
  /** Adds the next version. */
  put(secret: SecretName & { ciphertext: string }): Promise<StoredSecret>;
  /** The newest version, or the one asked for; null when there is none. */
  get(secret: SecretName & { version?: number }): Promise<StoredSecret | null>;
  /** Every version. */
  list(filter: { app: string; environment?: string }): Promise<StoredSecret[]>;
}

/** A secret without its value: what plans, events and pages may say of it. */
export interface SecretVersion extends SecretName {
  version: number;
  createdAtMs: number;
}

/** Secrets by name and version. Values enter and leave here alone, and are in no message. */
export interface Vault {
  /** Adds a version. Throws `secrets/bad-name`. */
  put(secret: SecretName, value: string): Promise<SecretVersion>;
  /** The newest value, or that of a version; null when there is none. Throws `secrets/undecipherable`. */
  read(secret: SecretName, version?: number): Promise<{ value: string; version: number } | null>;
  /** The newest version of each secret. */
  list(filter: { app: string; environment?: string }): Promise<SecretVersion[]>;
}

/** Opens the secrets of a store with the key of `openKey`. */
export function openVault(store: SecretStore, key: KeyObject): Vault {
  return {
    async put(secret, value) {
      requireName(secret.name);
      const { app, environment, name } = secret;
      const ciphertext = encrypt(key, secret, value);
      return withoutValue(await store.put({ app, environment, name, ciphertext }));
    },
    async read({ app, environment, name }, version) {
      const row = await store.get({ app, environment, name, ...(version === undefined ? {} : { version }) });
      return row && { value: decrypt(key, row), version: row.version };
    },
    async list(filter) {
      const newest = new Map<string, StoredSecret>();
      for (const row of await store.list(filter)) {
        // A kept env file is no secret of its own.
        if (row.environment.includes('/')) continue;
        const id = JSON.stringify([row.environment, row.name]);
        if (row.version > (newest.get(id)?.version ?? 0)) newest.set(id, row);
      }
      return [...newest.values()].map(withoutValue);
    },
  };
}

/** AES-256-GCM with a random nonce of 12 bytes; a value cannot be moved to another app, environment or name. */
function encrypt(key: KeyObject, secret: SecretName, value: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bindingOf(secret));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`;
}

function decrypt(key: KeyObject, row: StoredSecret): string {
  const [format, text = ''] = row.ciphertext.split('.');
  const bytes = Buffer.from(text, 'base64');
  try {
    if (format !== 'v1' || bytes.length < 28) throw new Error('unknown format');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
      .setAAD(bindingOf(row))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new CodedError(
      'secrets/undecipherable',
      `secret "${row.name}" version ${row.version} of ${row.app}/${row.environment} cannot be read with this key`,
      { help: 'restore keys/secrets.key from a backup, or set the secret again', cause },
    );
  }
}

function bindingOf({ app, environment, name }: SecretName): Buffer {
  return Buffer.from(JSON.stringify([app, environment, name]));
}

function withoutValue({ app, environment, name, version, createdAtMs }: StoredSecret): SecretVersion {
  return { app, environment, name, version, createdAtMs };
}

function requireName(name: string): void {
  const reserved = name === 'PORT' || name.startsWith('SLIPWAY_');
  if (/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && !reserved) return;
  throw new CodedError('secrets/bad-name', `"${name}" cannot be the name of a secret`, {
    notes: [
      'allowed: letters, digits and "_", not starting with a digit, at most 128',
      'reserved: PORT, and every name that starts with SLIPWAY_',
    ],
    help: 'name it like the environment variable that the app reads, such as DATABASE_URL',
  });
}
