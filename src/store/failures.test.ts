import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/conformance/store-world.ts';
import { Database } from './database.ts';
import { openStore, openStoreOver } from './open.ts';
import { currentOwner } from './owner.ts';
import { adaptSqlite, openSqlite } from './sqlite.ts';

let home: string;
const options = () => ({ home, clock: new FakeClock(), owner: currentOwner('a') });

describe('a database that fails', () => {
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'slipway-failure-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is named when it cannot be opened', async () => {
    const folder = join(home, 'folder');
    mkdirSync(folder);
    for (const file of [folder, join(home, 'none', 'x.db')]) {
      await expect(openStore({ ...options(), file })).rejects.toMatchObject({
        code: 'store/unreachable',
        message: `cannot open the database ${file}`,
        help: 'check that the path or SLIPWAY_DATABASE_URL is right, that the database runs, and that this user may use it',
      });
    }
    writeFileSync(join(home, 'file'), '');
    await expect(openStore({ ...options(), home: join(home, 'file', 'home') })).rejects.toMatchObject({
      code: 'store/unreachable',
      message: `cannot open the folder ${join(home, 'file', 'home')}`,
    });
  });

  it('is named when PostgreSQL does not answer, without the password', async () => {
    const url = 'postgres://me:secret@127.0.0.1:1/slipway';
    const error: unknown = await openStore({ ...options(), url }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'store/unreachable',
      message: 'cannot open the PostgreSQL database 127.0.0.1:1/slipway',
    });
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('is named when it is no database', async () => {
    const file = join(home, 'slipway.db');
    writeFileSync(file, 'nonsense '.repeat(1000));
    await expect(openStore(options())).rejects.toMatchObject({
      code: 'store/damaged',
      message: `the database ${file} is damaged or is no Slipway database`,
      notes: ['it said: file is not a database'],
    });
  });

  it('writes nothing, and says so, when the disk is full; and goes on when there is space again', async () => {
    const raw = openSqlite(join(home, 'slipway.db'));
    const store = await openStoreOver(await Database.overSqlite(adaptSqlite(raw), 'the trial'), options());
    raw.exec('pragma max_page_count = 40');
    const fill = async () => {
      for (let n = 0; ; n++) await store.documents.put('fill', String(n), 'x'.repeat(20_000));
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'store/disk-full',
      message: 'no space left to write to the trial; nothing was changed',
      notes: ['it said: database or disk is full'],
    });
    const kept = (await store.documents.list('fill')).length;
    raw.exec('pragma max_page_count = 1000000');
    await store.documents.put('fill', 'late', 1);
    expect(await store.documents.list('fill')).toHaveLength(kept + 1);
    await store.close();
  });

  it('is waited for while another process writes', async () => {
    const store = await openStore(options());
    const other = new DatabaseSync(join(home, 'slipway.db'));
    other.exec('begin immediate');
    let isWritten = false;
    const writing = store.documents.put('a', 'b', 1).then(() => (isWritten = true));
    await sleep(150);
    expect(isWritten).toBe(false);
    expect(await store.documents.get('a', 'b')).toBeNull();
    other.exec('commit');
    await writing;
    other.close();
    await store.close();
  });

  it('is made readable by its owner only', async () => {
    await (await openStore(options())).close();
    expect(statSync(join(home, 'slipway.db')).mode & 0o777).toBe(0o600);
  });

  it('may live in memory', async () => {
    const store = await openStore({ ...options(), file: ':memory:' });
    await store.documents.put('a', 'b', 1);
    expect(await store.documents.get('a', 'b')).toMatchObject({ body: 1 });
    await store.close();
  });
});
