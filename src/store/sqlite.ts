import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** One synchronous wait for another process's write; longer waits are asynchronous retries, see database.ts. */
const busyTimeoutMs = 50;

/**
 * Opens one SQLite file the way Slipway needs it: WAL, so that readers never wait; every commit on the disk before it
 * returns; foreign keys held. A new file is readable by its owner only.
 *
 * @param file - A path, or `:memory:`.
 */
export function openSqlite(file: string): DatabaseSync {
  if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    database.exec('pragma journal_mode = wal');
    database.exec('pragma synchronous = full');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** node:sqlite by the few methods of better-sqlite3 that Kysely's dialect calls. */
export function adaptSqlite(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(sql) {
      // A transaction that turns into a writer half-way fails when another process wrote meanwhile; so it starts as one.
      if (sql === 'begin') return plain(() => database.exec('begin immediate'));
      // A full disk has already rolled it back.
      if (sql === 'rollback') return plain(() => database.isTransaction && database.exec('rollback'));
      const known = statements.get(sql);
      if (known) return known;
      const statement = adaptStatement(database.prepare(sql));
      if (statements.size < 500) statements.set(sql, statement);
      return statement;
    },
  };
}

function plain(effect: () => unknown): SqliteStatement {
  return {
    reader: false,
    all: () => [],
    iterate: () => [].values(),
    run() {
      effect();
      return { changes: 0, lastInsertRowid: 0 };
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}
