import pg from 'pg';

/** The notes' database, by DATABASE_URL. */
export function openDatabase(): pg.Pool {
  const pool = new pg.Pool({
    connectionString: process.env['DATABASE_URL'],
    max: 4,
    connectionTimeoutMillis: 5_000,
  });
  // A connection that breaks while nobody uses it is opened again by whoever needs one next.
  pool.on('error', (error) => console.error(`database: ${error.message}`));
  return pool;
}
