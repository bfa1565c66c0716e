import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentOwner, openStore } from '../../src/store/index.ts';
import { describeFlowHistories } from '../conformance/flow-histories.ts';
import { describeFlowStore } from '../conformance/flow-store.ts';
import { describeRecordStore } from '../conformance/record-store.ts';
import { FakeClock } from '../conformance/store-world.ts';
import { isPostgresInstalled, postgresHelp, PostgresServer } from './postgres-server.ts';

if (!isPostgresInstalled && process.env['CI']) throw new Error(`no PostgreSQL 15: ${postgresHelp}`);

describe.skipIf(!isPostgresInstalled)(`PostgreSQL 15 (missing? ${postgresHelp})`, () => {
  let server: PostgresServer;
  const freshDatabase = () => server.freshDatabase();

  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server.stop());

  describeFlowStore('PostgreSQL', freshDatabase);
  describeRecordStore('PostgreSQL', freshDatabase);
  describeFlowHistories('PostgreSQL', { makePlace: freshDatabase, runs: 8 });

  it('says where it looked when there is no such database, without the password', async () => {
    const home = mkdtempSync(join(tmpdir(), 'slipway-store-'));
    const url = server.url('nowhere').replace('slipway@', 'slipway:secret@');
    const opening = openStore({ url, home, clock: new FakeClock(), owner: currentOwner('a') });
    await expect(opening).rejects.toMatchObject({
      code: 'store/unreachable',
      message: `cannot open the PostgreSQL database 127.0.0.1:${server.port}/nowhere`,
      notes: ['it said: database "nowhere" does not exist'],
    });
    rmSync(home, { recursive: true });
  });
});
