import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './cache.ts';
import { openDatabase } from './database.ts';
import { version } from './version.ts';

/* Counts the notes now and then. Two of it would count twice, so it must never run beside another one. */
const database = openDatabase();
let ending = false;
process.on('SIGTERM', () => {
  ending = true;
});
console.log(`worker ${version} begins`);
while (!ending) {
  try {
    const { rows } = await database.query('select count(*) from notes');
    await ask('SET', 'counted', `${version} ${rows[0].count}`);
  } catch (error) {
    console.error((error as Error).message);
  }
  await sleep(250);
}
console.log(`worker ${version} ends`);
await database.end();
