import { PostgresDialect } from 'kysely';
import { Pool, types } from 'pg';

const poolSize = 10;
const connectTimeoutMs = 10_000;

/** Kysely over a pool of connections to `postgres://…`. A connection that breaks while idle is replaced by the pool. */
export function postgresDialect(url: string): PostgresDialect {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'slipway',
    types: {
      // Times in ms and counters, all below 2^53, which pg would otherwise give as text.
      getTypeParser: (oid, format) =>
        oid === types.builtins.INT8
          ? Number
          : (types.getTypeParser(oid, format) as (text: string) => unknown),
    },
  });
  // Without listeners the error of a connection that breaks while idle, or between two queries of a transaction, would
  // end the process; the next query reports it if it lasts.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new PostgresDialect({ pool });
}
