import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { openDatabase } from '../src/database.ts';
import { migrate, readMigrations, schemaVersion } from '../src/migrations.ts';
import { temporaryFolder, testDatabase } from './rig.ts';

describe('migrate', () => {
  it('applies each migration once', async (t) => {
    const database = await testDatabase(t, { migrated: false });
    const migrations = readMigrations();
    const names = migrations.map((migration) => migration.name);
    assert.deepEqual(await migrate(database, migrations), names);
    assert.deepEqual(await migrate(database, migrations), []);
    assert.equal(await schemaVersion(database), migrations.length);
  });

  it('leaves nothing behind of one that fails', async (t) => {
    const database = await testDatabase(t);
    const sql = 'CREATE TABLE half (id TEXT); CREATE TABLE media (id TEXT);';
    await assert.rejects(migrate(database, [{ version: 100, name: 'bad.sql', sql }]));
    await assert.rejects(database.rows('SELECT * FROM half'));
    assert.ok((await schemaVersion(database)) < 100);
  });

  it('lets two processes migrate the same file', async (t) => {
    const file = path.join(temporaryFolder(t), 'shared.sqlite');
    const open = () => openDatabase({ kind: 'sqlite', file });
    const databases = [await open(), await open()];
    const applied = await Promise.all(
      databases.map((database) => migrate(database, readMigrations())),
    );
    assert.equal(applied.flat().length, readMigrations().length);
    for (const database of databases) await database.close();
  });
});

describe('readMigrations', () => {
  it('refuses a gap in the numbers', (t) => {
    const folder = temporaryFolder(t);
    for (const name of ['0001_a.sql', '0003_c.sql']) writeFileSync(path.join(folder, name), '');
    assert.throws(() => readMigrations(folder), /0003_c\.sql: migrations are numbered/);
  });
});
