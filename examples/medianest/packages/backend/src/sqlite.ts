import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Database, Statement, Value } from './database.ts';
import type { Migration } from './migrations.ts';
import { ledgerSql } from './migrations.ts';

/** Two revisions and a worker share the file during a rollout: they wait for each other this long. */
const busyTimeoutMs = 5000;

export function openSqlite(file: string): Database {
  mkdirSync(path.dirname(file), { recursive: true });
  const connection = new DatabaseSync(file, { timeout: busyTimeoutMs });
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  return new SqliteDatabase(connection);
}

class SqliteDatabase implements Database {
  readonly #connection: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  async rows<T>(sql: string, values: Value[] = []): Promise<T[]> {
    return this.#prepare(sql).all(...values) as T[];
  }

  async atomically(statements: Statement[]): Promise<void> {
    this.#transaction(() => {
      for (const { sql, values } of statements) this.#prepare(sql).run(...values);
    });
  }

  async migrate(migration: Migration): Promise<'applied' | 'known'> {
    this.#connection.exec(ledgerSql);
    return this.#transaction(() => {
      const known = 'SELECT 1 FROM schema_migrations WHERE version = ?';
      if (this.#connection.prepare(known).get(migration.version)) return 'known';
      this.#connection.exec(migration.sql);
      this.#connection
        .prepare('INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)')
        .run(migration.version, migration.name, new Date().toISOString());
      return 'applied';
    });
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  /** Takes the write lock at its beginning, so that it never fails in its middle for want of it. */
  #transaction<T>(work: () => T): T {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (error) {
      this.#connection.exec('ROLLBACK');
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const found = this.#prepared.get(sql);
    if (found) return found;
    const statement = this.#connection.prepare(sql.replaceAll(/\$(\d+)/g, '?$1'));
    this.#prepared.set(sql, statement);
    return statement;
  }
}
