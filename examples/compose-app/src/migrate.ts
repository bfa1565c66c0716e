import { readdirSync, readFileSync } from 'node:fs';
import { openDatabase } from './database.ts';

/* Runs every file of migrations/ once, in order, each in a transaction of its own. */
const folder = new URL('../migrations/', import.meta.url);
const database = openDatabase();
await database.query('create table if not exists migrations (name text primary key)');
const { rows } = await database.query<{ name: string }>('select name from migrations');
const done = new Set(rows.map(({ name }) => name));
for (const name of readdirSync(folder).sort()) {
  if (done.has(name)) continue;
  const text = readFileSync(new URL(name, folder), 'utf8');
  const quoted = name.replaceAll("'", "''");
  await database.query(`begin; ${text}; insert into migrations values ('${quoted}'); commit`);
  console.log(`ran ${name}`);
}
await database.end();
