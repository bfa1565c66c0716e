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

/** A canary that answers its users 500, until the judge takes it back; its rollout's id. */
async function badCanary(): Promise<string> {
  const { ship } = await rig.ship('v2', { worker: false, strategy: 'canary', behaves: 'fails-users' });
  await until(
    'the canary has been taken back',
    async () => {
      await fetch(`http://127.0.0.1:${rig.port}/search?q=private`);
      return (await rig.client.getShip(ship)).state !== 'running';
    },
    () => rig.client.getShip(ship),
  );
  const [newest] = await rig.client.history({ ...place, limit: 1 });
  return newest?.id ?? '';
}

test('explain tells what took a canary back: the verdict, the requests that it failed, what it said', async () => {
  const id = await badCanary();
  const page = join(rig.home, 'story.html');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [slipway, 'explain', id, '--home', rig.home, '--html', page],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('“v2 fails-users” did not get to stay in rig/production');
  expect(stdout).toMatch(
    /judged at 50 %: it does harm\n +against it: \d+ of \d+ sessions failed on the new revision, 0 of \d+ on the old; odds against chance .* : 1\n/,
  );
  expect(stdout).toMatch(/it was taken back from 50 %\n/);
  expect(stdout).toMatch(/its last requests that failed\nWHEN +REQUEST +ANSWER +TOOK +COPY\n/);
  expect(stdout).toMatch(/\d\d:\d\d:\d\d {2}GET \/search {2}500 +\d.*s +r2-web-[12]\n/);
  expect(stdout).toMatch(/last lines of its log\n(.*\n)*.*cannot answer \/search\?q=private\n/);
  expect(stdout).toContain('next: slipway status, or: slipway logs production --app rig');
  const [, requests = ''] = stdout.split('its last requests that failed');
  expect(requests.split('last lines')[0]).not.toContain('private');
  const html = readFileSync(page, 'utf8');
  expect(html).toContain('<code>GET /search</code>');
  const named = spawnSync(process.execPath, [slipway, 'explain', 'r2', '--app', 'rig', '--home', rig.home], {
    encoding: 'utf8',
  });
  expect(named.stdout).toContain(`${id}  `);
  expect(html).toMatch(/<i class="bad" style="width:100%"><\/i><\/td><td>\d+ %<\/td><td>\d+ of \d+<\/td>/);
});
