import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Everything the environment decides. */
export interface Config {
  port: number;
  host: string;
  database: { kind: 'postgres'; url: string } | { kind: 'sqlite'; file: string };
  /** Redis, which keeps what is asked often; null for none. */
  cacheUrl: string | null;
  /** What the library is called. */
  library: string;
  /** Signs answers; null for none. */
  signingKey: string | null;
  /** Folder that every copy of the app shares for its posters. */
  posterStore: string | null;
  /** Which deployed copy answers; null on a developer's machine. */
  revision: string | null;
  commit: string | null;
}

type Env = Record<string, string | undefined>;

/** Reads the environment; throws with the variable's name when a value cannot work. */
export function readConfig(env: Env): Config {
  return {
    port: readPort(env['PORT']),
    host: env['HOST'] ?? '127.0.0.1',
    database: readDatabase(env),
    cacheUrl: env['REDIS_URL'] ?? null,
    library: env['LIBRARY_NAME'] ?? 'MediaNest',
    signingKey: readKey(env['SIGNING_KEY_FILE']),
    posterStore: env['POSTER_STORE'] ?? null,
    revision: env['SLIPWAY_REVISION'] ?? null,
    commit: env['SLIPWAY_COMMIT'] ?? null,
  };
}

function readPort(value: string | undefined): number {
  const port = Number(value ?? '3000');
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error(`PORT must be a number from 0 to 65535, not "${value}"`);
}

function readKey(file: string | undefined): string | null {
  return file === undefined ? null : readFileSync(file, 'utf8').trim();
}

function readDatabase(env: Env): Config['database'] {
  const url = env['DATABASE_URL'];
  if (url !== undefined) {
    if (/^postgres(ql)?:\/\//.test(url)) return { kind: 'postgres', url };
    throw new Error('DATABASE_URL must start with postgres:// or postgresql://');
  }
  const file = env['SQLITE_FILE'];
  if (file !== undefined) return { kind: 'sqlite', file: path.resolve(file) };
  const folder = env['DATA_DIR'] ?? env['STATE_DIRECTORY'];
  if (folder === undefined && env['SLIPWAY_REVISION'] !== undefined) {
    // A file inside the release would be gone, with everybody's data, at the next deploy.
    throw new Error('set DATABASE_URL, SQLITE_FILE or DATA_DIR: data must outlive a release');
  }
  return { kind: 'sqlite', file: path.resolve(folder ?? 'data', 'medianest.sqlite') };
}
