import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openDatabase } from '../src/database.ts';
import { MediaStore } from '../src/media-store.ts';
import { migrate, readMigrations, schemaVersion } from '../src/migrations.ts';
import { PosterQueue } from '../src/poster-queue.ts';

const url = process.env['TEST_DATABASE_URL'];
const skip = url === undefined ? 'set TEST_DATABASE_URL to an empty database' : false;

describe('on PostgreSQL', { skip }, () => {
  it('migrates, keeps, finds and draws as on SQLite', async () => {
    const database = await openDatabase({ kind: 'postgres', url: url ?? '' });
    try {
      await migrate(database, readMigrations());
      assert.equal(await schemaVersion(database), readMigrations().length);
      const media = new MediaStore(database);
      const item = {
        title: '100 % Kid',
        kind: 'album',
        creator: '',
        year: 2000,
        tags: [],
      } as const;
      const added = await media.add({ ...item, tags: ['rock'] });
      const page = await media.search({ words: ['100', '%', 'KID'], kind: 'album', limit: 5 });
      assert.equal(page.items[0]?.id, added.id);
      const queue = new PosterQueue(database);
      const task = await queue.take();
      assert.equal(task?.mediaId, added.id);
      await queue.finish(added.id, '<svg/>');
      assert.equal((await media.find(added.id))?.posterUrl, `/api/media/${added.id}/poster`);
      const sql = 'CREATE TABLE half (id TEXT); CREATE TABLE media (id TEXT);';
      await assert.rejects(migrate(database, [{ version: 100, name: 'bad.sql', sql }]));
    } finally {
      await database.close();
    }
  });
});
