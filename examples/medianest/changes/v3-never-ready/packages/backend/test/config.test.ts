import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readConfig } from '../src/config.ts';

describe('readConfig', () => {
  it('works without any variable on a developer’s machine', () => {
    const config = readConfig({});
    assert.equal(config.port, 3000);
    assert.equal(config.revision, null);
    assert.equal(config.posterStore, null);
    assert.match(JSON.stringify(config.database), /data\/medianest\.sqlite/);
  });

  it('takes PostgreSQL when there is a DATABASE_URL', () => {
    const url = 'postgres://localhost/medianest';
    const { database } = readConfig({ DATABASE_URL: url, DATA_DIR: '/srv/data' });
    assert.deepEqual(database, { kind: 'postgres', url });
  });

  it('keeps its SQLite file in the data folder', () => {
    const { database } = readConfig({ DATA_DIR: '/srv/data', SLIPWAY_REVISION: 'r1' });
    assert.deepEqual(database, { kind: 'sqlite', file: '/srv/data/medianest.sqlite' });
    const managed = readConfig({ STATE_DIRECTORY: '/var/lib/medianest' });
    assert.deepEqual(managed.database, {
      kind: 'sqlite',
      file: '/var/lib/medianest/medianest.sqlite',
    });
  });

  it('refuses to keep data inside a release', () => {
    assert.throws(() => readConfig({ SLIPWAY_REVISION: 'r1' }), /data must outlive a release/);
  });

  it('names the variable that cannot work', () => {
    assert.throws(() => readConfig({ PORT: 'http' }), /PORT/);
    assert.throws(() => readConfig({ DATABASE_URL: 'mysql://localhost/x' }), /DATABASE_URL/);
  });
});
