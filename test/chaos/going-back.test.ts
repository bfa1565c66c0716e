import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRouterClient } from '../../src/traffic/index.ts';
import { isRunning, scope, sendUsers, signal, startRig, until, type Rig } from '../rig/index.ts';

test('going back to the revision that stands by is one router change: no start, no git, no npm', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  const tools = await watchTools(rig);
  await rig.shipAndWait('v1', { worker: false });
  await rig.shipAndWait('v2', { worker: false });
  expect(tools.used()).toContain('git');
  const users = sendUsers(rig.port);
  onTestFinished(async () => void (await users.stop()));
  await rig.rest();
  const before = await processesOf(rig);
  const [newestEvent] = (await rig.client.events({ chain: scope, limit: 1_000 })).slice(-1);
  tools.forget();

  const weights = watchWeights(rig);
  await rig.rolloutEnds(await rig.rollback());
  await rig.rest();
  expect(await weights.stop()).toEqual(['r1 0, r2 100', 'r1 100, r2 0']);
  expect(await processesOf(rig)).toEqual(before);
  expect(tools.used()).toEqual([]);
  const events = await rig.client.events({ chain: scope, after: newestEvent?.id ?? 0, limit: 1_000 });
  expect(events.map(({ type }) => type)).toEqual([
    'rollout.requested',
    'rollout.started',
    'traffic.shifted',
    'rollout.succeeded',
  ]);
  expect((await users.report()).failures).toEqual([]);
});

test('the old worker ends before the new one starts', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.shipAndWait('v1');
  await rig.shipAndWait('v2');
  await rig.rest();
  expect(workers(rig)).toEqual(['start r1', 'end r1', 'start r2']);
  await rig.rolloutEnds(await rig.rollback());
  await rig.rest();
  expect(workers(rig)).toEqual(['start r1', 'end r1', 'start r2', 'end r2', 'start r1']);
  await rig.shipAndWait('v3', { behaves: 'never-ready' });
  await rig.rest();
  // A version that never came that far leaves the worker alone.
  expect(workers(rig).slice(5)).toEqual([]);
});

test('workers that may overlap run side by side for a while', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.shipAndWait('v1', { overlap: true });
  await rig.shipAndWait('v2', { overlap: true });
  await rig.rest();
  expect(workers(rig)).toEqual(['start r1', 'start r2', 'end r1']);
});

function workers(rig: Rig): string[] {
  return rig.appData('workers.log').trim().split('\n');
}

/** Everything under the supervisor, as it would change if anything were started or ended. */
async function processesOf(rig: Rig) {
  return (await rig.processes())
    .map(({ id, pid, restarts, phase }) => ({ id, pid, restarts, phase }))
    .toSorted((a, b) => a.id.localeCompare(b.id));
}

/** Collects each state of the weights that was ever seen, in order. */
function watchWeights(rig: Rig): { stop(): Promise<string[]> } {
  const router = createRouterClient(join(rig.home, 'router', 'control.sock'));
  const seen: string[] = [];
  const state = { watching: true };
  const watching = (async () => {
    while (state.watching) {
      const { routes } = await router.observe(scope);
      const weights = (routes?.revisions ?? [])
        .map(({ id, weightPercent }) => `${id} ${weightPercent}`)
        .toSorted()
        .join(', ');
      if (seen.at(-1) !== weights) seen.push(weights);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return {
    stop: async () => {
      state.watching = false;
      await watching;
      return seen;
    },
  };
}

/** Starts the server again with a PATH on which every use of git and npm leaves a line. */
async function watchTools(rig: Rig): Promise<{ used(): string[]; forget(): void }> {
  const folder = join(dirname(rig.home), 'tools');
  const log = join(folder, 'used.log');
  mkdirSync(folder);
  for (const tool of ['git', 'npm']) {
    const real = execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim();
    writeFileSync(join(folder, tool), `#!/bin/sh\necho ${tool} >> '${log}'\nexec '${real}' "$@"\n`);
    chmodSync(join(folder, tool), 0o755);
  }
  const { pid } = await rig.client.health();
  signal(pid, 'SIGKILL');
  await until('the server is gone', () => !isRunning(pid));
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}${delimiter}${path}`;
  await rig.startServer();
  process.env['PATH'] = path;
  return {
    used: () => (existsSync(log) ? [...new Set(readFileSync(log, 'utf8').trim().split('\n'))] : []),
    forget: () => rmSync(log, { force: true }),
  };
}
