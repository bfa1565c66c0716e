import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { isRunning, scope, signal, startRig, until, type Rig } from '../rig/index.ts';

const slipway = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url));
let rig: Rig;
let database: string;

beforeAll(async () => {
  rig = await startRig();
  database = join(rig.home, 'slipway.db');
  await rig.shipAndWait('v1', { worker: false });
  await rig.shipAndWait('v2', { worker: false });
  await rig.rest();
  await stopServer();
  // The write-ahead log belongs to the file: copied as one.
  change('pragma wal_checkpoint(truncate)');
  copyFileSync(database, `${database}.honest`);
});
afterAll(() => rig.close());

beforeEach(async () => {
  await stopServer();
  change('pragma wal_checkpoint(truncate)');
  copyFileSync(`${database}.honest`, database);
});

async function stopServer(): Promise<void> {
  const health = await rig.client.health().catch(() => null);
  if (!health) return;
  signal(health.pid, 'SIGKILL');
  await until('the server is gone', () => !isRunning(health.pid));
}

function change(sql: string): void {
  const file = new DatabaseSync(database);
  file.exec(sql);
  file.close();
}

/** What `slipway audit verify` says of the changed file. */
async function audit(): Promise<{ status: number | null; text: string }> {
  await rig.startServer();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [slipway, 'audit', 'verify', '--home', rig.home],
    { encoding: 'utf8' },
  );
  return { status, text: stdout + stderr };
}

const ofScope = `from events where chain = '${scope}'`;

test('an honest log verifies', async () => {
  const { status, text } = await audit();
  expect(text).toContain(scope);
  expect(status).toBe(0);
});

test.each([
  [
    'a changed event',
    `update events set actor = 'nobody' where id = (select id ${ofScope} order by sequence limit 1 offset 2)`,
    /3/,
  ],
  [
    'a changed reason',
    `update events set data = replace(data, 'serves', 'served') where type = 'rollout.succeeded'`,
    /changed|match|broken/i,
  ],
  [
    'a removed event',
    `delete from events where id = (select id ${ofScope} order by sequence limit 1 offset 2)`,
    /3/,
  ],
  [
    'the tail cut off',
    `delete from events where id = (select id ${ofScope} order by sequence desc limit 1)`,
    /cut/i,
  ],
])('%s is named, and the command fails', async (_, sql, says) => {
  change(sql);
  const { status, text } = await audit();
  expect(text).toContain(scope);
  expect(text).toMatch(says);
  expect(status).toBe(1);
});
