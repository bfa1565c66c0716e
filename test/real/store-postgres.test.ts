import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { currentOwner, openStore } from '../../src/store/index.ts';
import { describeFlowHistories } from '../conformance/flow-histories.ts';
import { describeFlowStore } from '../conformance/flow-store.ts';
import { describeRecordStore } from '../conformance/record-store.ts';
import { FakeClock } from '../conformance/store-world.ts';

const bin = '/usr/lib/postgresql/15/bin';
const missing = !existsSync(join(bin, 'initdb'));
const isRoot = process.getuid?.() === 0;
let folder = '';
let port = 0;

/** PostgreSQL refuses to run as root, so as root it runs as its own user. */
function postgresTool(tool: string, args: string[]): void {
  const command = [join(bin, tool), ...args];
  const [file = '', ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command;
  execFileSync(file, rest, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const urlOf = (database: string) => `postgres://slipway@127.0.0.1:${port}/${database}`;
let databases = 0;

async function freshDatabase(): Promise<{ url: string }> {
  const name = `trial${(databases += 1)}`;
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return { url: urlOf(name) };
}

if (missing && process.env['CI'])
  throw new Error(`no PostgreSQL 15 in ${bin}: apt-get install postgresql-15`);

describe.skipIf(missing)('PostgreSQL 15 (missing? apt-get install postgresql-15)', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-postgres-'));
    if (isRoot) execFileSync('chown', ['postgres', folder]);
    else chmodSync(folder, 0o700);
    port = await freePort();
    const data = join(folder, 'data');
    postgresTool('initdb', ['-D', data, '-U', 'slipway', '-A', 'trust', '-E', 'UTF8', '--locale=C']);
    const settings = `-c listen_addresses=127.0.0.1 -p ${port} -k ${folder} -c max_connections=200`;
    postgresTool('pg_ctl', ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings, 'start']);
  });
  afterAll(() => {
    if (folder === '') return;
    if (existsSync(join(folder, 'data', 'postmaster.pid'))) {
      postgresTool('pg_ctl', ['-D', join(folder, 'data'), '-w', '-m', 'immediate', 'stop']);
    }
    rmSync(folder, { recursive: true, force: true });
  });

  describeFlowStore('PostgreSQL', freshDatabase);
  describeRecordStore('PostgreSQL', freshDatabase);
  describeFlowHistories('PostgreSQL', { makePlace: freshDatabase, runs: 8 });

  it('says where it looked when there is no such database, without the password', async () => {
    const home = mkdtempSync(join(tmpdir(), 'slipway-store-'));
    const url = `postgres://slipway:secret@127.0.0.1:${port}/nowhere`;
    const opening = openStore({ url, home, clock: new FakeClock(), owner: currentOwner('a') });
    await expect(opening).rejects.toMatchObject({
      code: 'store/unreachable',
      message: `cannot open the PostgreSQL database 127.0.0.1:${port}/nowhere`,
      notes: ['it said: database "nowhere" does not exist'],
    });
    rmSync(home, { recursive: true });
  });
});
