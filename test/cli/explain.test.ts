import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRig, until, type Rig } from '../rig/index.ts';

const slipway = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url));
const place = { app: 'rig', environment: 'production' };
let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  await rig.shipAndWait('v1', { worker: false });
  await rig.rest();
});
afterAll(() => rig.close());

/** A canary that answers its users 500, until somebody stops it; its rollout's id. */
async function stoppedCanary(): Promise<string> {
  await rig.ship('v2', { worker: false, strategy: 'canary', behaves: 'fails-users' });
  let failed = 0;
  await until('the canary has failed three users', async () => {
    const { status } = await fetch(`http://127.0.0.1:${rig.port}/search?q=private`);
    if (status === 500) failed += 1;
    return failed >= 3;
  });
  await rig.client.abort({ ...place, actor: 'ana' });
  await rig.rest();
  const [newest] = await rig.client.history({ ...place, limit: 1 });
  return newest?.id ?? '';
}

test('explain tells the requests that a canary failed, and what it said, without what nobody asked to keep', async () => {
  const id = await stoppedCanary();
  const page = join(rig.home, 'story.html');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [slipway, 'explain', id, '--home', rig.home, '--html', page],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('“v2 fails-users” was stopped on its way to rig/production');
  expect(stdout).toMatch(/it was taken back from (50|100) %: aborted by ana/);
  expect(stdout).toMatch(/its last requests that failed\nWHEN +REQUEST +ANSWER +TOOK +COPY\n/);
  expect(stdout).toMatch(/\d\d:\d\d:\d\d  GET \/search  500 +\d.*s +r2-web-[12]\n/);
  expect(stdout).toMatch(/last lines of its log\n/);
  expect(stdout).toMatch(/cannot answer \/search\?q=private\n/);
  expect(stdout).toContain('next: slipway status, or: slipway logs production --app rig');
  expect(readFileSync(page, 'utf8')).toContain('<code>GET /search</code>');
  const [, requests = ''] = stdout.split('its last requests that failed');
  expect(requests.split('last lines')[0]).not.toContain('private');
});
