import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Database } from './database.ts';

/** One numbered file of `migrations/`. */
export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** Remembers which migrations a database has had. */
export const ledgerSql = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version    INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  applied_at TEXT NOT NULL
)`;

const migrationsFolder = fileURLToPath(new URL('../migrations/', import.meta.url));

/** The migrations that this version of the code ships, in order. */
export function readMigrations(folder: string = migrationsFolder): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  const migrations = files.toSorted().map((name) => ({
    version: Number.parseInt(name, 10),
    name,
    sql: readFileSync(`${folder}/${name}`, 'utf8'),
  }));
  for (const [index, { name, version }] of migrations.entries()) {
    if (version !== index + 1) {
      throw new Error(`${name}: migrations are numbered 0001, 0002 … without gaps`);
    }
  }
  return migrations;
}

/** Brings the database up to the newest migration; returns the names of those it applied. */
export async function migrate(database: Database, migrations: Migration[]): Promise<string[]> {
  const applied: string[] = [];
  for (const migration of migrations) {
    if ((await database.migrate(migration)) === 'applied') applied.push(migration.name);
  }
  return applied;
}

/** The schema version that a database has; throws when it was never migrated. */
export async function schemaVersion(database: Database): Promise<number> {
  const rows = await database.rows<{ version: number }>(
    'SELECT max(version) AS version FROM schema_migrations',
  );
  return rows[0]?.version ?? 0;
}
