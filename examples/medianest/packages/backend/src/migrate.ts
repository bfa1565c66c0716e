import { readConfig } from './config.ts';
import { openDatabase } from './database.ts';
import { log } from './log.ts';
import { migrate, readMigrations } from './migrations.ts';

const database = await openDatabase(readConfig(process.env).database);
try {
  const applied = await migrate(database, readMigrations());
  log('info', applied.length > 0 ? 'migrated' : 'nothing to migrate', { applied });
} finally {
  await database.close();
}
