import type { Config } from './config.ts';
import type { Migration } from './migrations.ts';
import { openSqlite } from './sqlite.ts';

export type Value = string | number | null;

/** SQL with `$1`, `$2` … for its values. */
export interface Statement {
  sql: string;
  values: Value[];
}

/** The few things the app asks of a database; the same SQL runs on both kinds. */
export interface Database {
  rows<T>(sql: string, values?: Value[]): Promise<T[]>;
  /** All of them or none. */
  atomically(statements: Statement[]): Promise<void>;
  /** Applies it unless it is applied already; safe when two processes migrate at once. */
  migrate(migration: Migration): Promise<'applied' | 'known'>;
  close(): Promise<void>;
}

export async function openDatabase(config: Config['database']): Promise<Database> {
  if (config.kind === 'sqlite') return openSqlite(config.file);
  // Loaded only where it is used: an SQLite installation never pays for it.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(config.url);
}
