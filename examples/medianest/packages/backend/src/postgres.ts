import { Pool, type PoolClient } from 'pg';
import type { Database, Statement, Value } from './database.ts';
import { log } from './log.ts';
import type { Migration } from './migrations.ts';
import { ledgerSql } from './migrations.ts';

/** Any number; it only has to be the same in every process that migrates. */
const migrationLock = 727_001;

export function openPostgres(url: string): Database {
  const pool = new Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 15_000,
    idleTimeoutMillis: 60_000,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end us.
  pool.on('error', (error) => log('warn', 'database connection lost', { error: error.message }));
  return new PostgresDatabase(pool);
}

class PostgresDatabase implements Database {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async rows<T>(sql: string, values: Value[] = []): Promise<T[]> {
    const result = await this.#pool.query(sql, values);
    return result.rows as T[];
  }

  async atomically(statements: Statement[]): Promise<void> {
    await this.#transaction(async (client) => {
      for (const { sql, values } of statements) await client.query(sql, values);
    });
  }

  async migrate(migration: Migration): Promise<'applied' | 'known'> {
    return this.#transaction(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
      await client.query(ledgerSql);
      const known = 'SELECT 1 FROM schema_migrations WHERE version = $1';
      if ((await client.query(known, [migration.version])).rows.length > 0) return 'known';
      await client.query(migration.sql);
      await client.query(
        'INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)',
        [migration.version, migration.name, new Date().toISOString()],
      );
      return 'applied';
    });
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }
}
