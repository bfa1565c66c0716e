import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { answersFromNow, powerOff, scope, sendUsers, startRig, until } from '../rig/index.ts';

const slipway = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url));

test('after a reboot `slipway up` brings back what was serving, at the same address', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.shipAndWait('v1');
  await rig.shipAndWait('v2');
  const before = await rig.rest();
  await powerOff(rig.home);

  execFileSync(process.execPath, [slipway, 'up', '--home', rig.home], { encoding: 'utf8' });
  const after = await rig.rest();
  expect(after.urls).toEqual([`http://127.0.0.1:${rig.port}/`]);
  expect(after.serving).toMatchObject({ revision: 'r2', title: before.serving?.title });
  expect(after.standby).toMatchObject({ revision: 'r1' });
  const names = ({ instances }: { instances: { id: string }[] }) => instances.map(({ id }) => id);
  if (!before.serving || !after.serving) throw new Error('nothing serves');
  expect(names(after.serving)).toEqual(names(before.serving));
  await until('the app answers', async () => {
    const answer = await fetch(`http://127.0.0.1:${rig.port}/`).catch(() => null);
    return answer?.status === 200;
  });
  const users = sendUsers(rig.port);
  onTestFinished(async () => void (await users.stop()));
  expect(Object.keys(await answersFromNow(users, 40))).toEqual(['v2 r2']);
  // It is not only alive: the next version goes out as ever.
  await rig.shipAndWait('v3');
  expect((await rig.rest()).serving?.title).toBe('v3 good');
  expect((await users.report()).failures).toEqual([]);
});

test('a reboot in the middle of a rollout ends in the new version, without another command', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.shipAndWait('v1');
  const [newestEvent] = (await rig.client.events({ chain: scope, limit: 1_000 })).slice(-1);
  await rig.ship('v2', { strategy: 'rolling', bake: '3s' });
  // Asked of what is written down: the state itself may be over between two looks.
  await until('traffic moves', async () => {
    const events = await rig.client.events({ chain: scope, after: newestEvent?.id ?? 0, limit: 1_000 });
    return events.some(({ type }) => type === 'traffic.shifted');
  });
  await powerOff(rig.home);
  await rig.startServer();
  const after = await rig.rest();
  const [last] = await rig.client.history({ limit: 1 });
  expect(['succeeded', 'failed']).toContain(last?.state);
  expect(after.serving?.title).toBe(last?.state === 'succeeded' ? 'v2 good' : 'v1 good');
  expect((await rig.client.audit()).problems).toEqual([]);
});
