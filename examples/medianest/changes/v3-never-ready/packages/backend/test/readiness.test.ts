import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { version } from '@medianest/shared';
import { migrate, readMigrations } from '../src/migrations.ts';
import { startApp } from './rig.ts';

describe('/health', () => {
  it('says that the process is alive, whatever the database does', async (t) => {
    const { request } = await startApp(t, { migrated: false });
    assert.equal((await request('/health')).status, 200);
  });
});

describe('/version', () => {
  it('says which version, revision and commit answer', async (t) => {
    const { request } = await startApp(t);
    const answer = await (await request('/version')).json();
    assert.deepEqual(answer, { version, library: 'MediaNest', revision: 'r7', commit: 'c0ffee' });
  });
});

describe('/ready', () => {
  it('is 503 until the schema is the one that this code needs', async (t) => {
    const { request, database } = await startApp(t, { migrated: false });
    assert.equal((await request('/ready')).status, 503);
    const [first, ...rest] = readMigrations();
    assert.ok(first);
    await migrate(database, [first]);
    const early = await request('/ready');
    assert.equal(early.status, 503);
    assert.match(JSON.stringify(await early.json()), /schema is at version 1/);
    await migrate(database, rest);
    assert.equal((await request('/ready')).status, 200);
  });

  it('stays 200 on a schema newer than this code, as after a rollback', async (t) => {
    const { request, database } = await startApp(t);
    const sql = 'CREATE TABLE of_the_future (id TEXT)';
    await migrate(database, [{ version: 999, name: '0999_future.sql', sql }]);
    assert.equal((await request('/ready')).status, 200);
  });

  it('is 503 when the database is gone', async (t) => {
    const { request, database } = await startApp(t);
    await database.close();
    const response = await request('/ready');
    assert.equal(response.status, 503);
    assert.match(JSON.stringify(await response.json()), /dependency: /);
  });

  it('is 503 on the way out', async (t) => {
    const { request, readiness } = await startApp(t);
    readiness.stop();
    assert.equal((await request('/ready')).status, 503);
  });
});
