import { expect, test } from 'vitest';
import type { EnvironmentState } from './environment.ts';
import { machinesOf } from './machines.ts';
import { aCanary, aJudge, aRequest } from './testing/builders.ts';
import { at, atRest, outcome, Stage } from './testing/stage.ts';
import { upgradeRequest, upgradeState } from './upgrade.ts';

/** A revision as version 0.1 wrote it. */
function oldRevision(serial: number) {
  return {
    release: { digest: `sha256:good:${serial}`, commit: `c${serial}`, title: `change ${serial}` },
    processes: [
      { name: 'web', command: 'node web.js', replicas: 1, web: true, overlap: false },
      { name: 'worker', command: 'node worker.js', replicas: 1, web: false, overlap: false },
    ],
    releaseCommand: 'node migrate.js',
    hosts: ['app.localhost'],
    rateLimit: null,
    health: { path: '/ready', intervalMs: 250, probeTimeoutMs: 1_000, successes: 2, deadlineMs: 10_000 },
    drainTimeoutMs: 5_000,
    configuration: { fingerprint: `f${serial}`, env: {}, envFile: null, secrets: [] },
  };
}

const oldSettings = { strategy: { kind: 'rolling', batch: 1 }, bakeMs: 2_000, rollbackWindowMs: 60_000 };
const timer = { elapsedMs: 100, lastSeenMs: 1_000_000 };
const gate = { streaks: { 'r2-web-1': 1 }, deadline: timer, lastFailure: null };

/** An environment of version 0.1 with a rollout in the given phase. */
function oldState(phase: object) {
  const rollout = {
    id: 'ro-2',
    kind: 'deploy',
    candidate: { ...oldRevision(2), id: 'r2' },
    standing: false,
    steps: [{ ready: 1, weightPercent: 100 }],
    settings: oldSettings,
    requestedBy: 'ana',
    replyTo: 'run-1',
    phase,
  };
  return {
    scope: 'app/production',
    nextRevision: 3,
    stable: { ...oldRevision(1), id: 'r1' },
    standby: null,
    retiring: [],
    rollout,
    queue: [],
    migrated: ['sha256:good:1'],
  };
}

const isShifting = ({ rollout }: EnvironmentState): boolean =>
  rollout?.phase.at === 'stepping' && rollout.phase.stage === 'shifting';

const phases = [
  { at: 'migrating' },
  { at: 'stepping', index: 0, gate, shifting: false },
  { at: 'stepping', index: 0, gate, shifting: true },
  { at: 'draining', timer },
  { at: 'stopping-workers' },
  { at: 'starting-workers', up: timer, deadline: timer },
  { at: 'baking', timer, restartsBefore: {} },
];

test.each(
  phases.map((phase) => [`${phase.at}${'shifting' in phase && phase.shifting ? ', shifting' : ''}`, phase]),
)('a rollout of the version before that is %s goes on to its end', async (_, phase) => {
  const stage = await new Stage().serves(aRequest(1, 'good'));
  await stage.tick(['rollout', aRequest(2, 'good')]);
  const shifts = 'shifting' in phase && phase.shifting;
  await stage.until((state) => at(phase.at)(state) && (!shifts || isShifting(state)));
  const { world } = stage;
  stage.state = upgradeState(JSON.parse(JSON.stringify(oldState(phase))));
  await stage.until(atRest);
  expect(outcome(stage)).toBe('succeeded, r2 serves app/production');
  expect(world.broken).toEqual([]);
  expect([...world.commandRuns.keys()]).toEqual(['release-r1', 'release-r2']);
});

test.each(['routing', 'draining', 'stopping'])(
  'a rollout of the version before that goes back (%s) ends so',
  async (stageName) => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    await stage.until(at('baking'));
    const cause = { outcome: 'failed', reason: 'was not ready', logTail: [] };
    if (stageName !== 'routing') await stage.tick(['abort', { rolloutId: 'ro-2', by: 'ana' }]);
    stage.state = upgradeState(oldState({ at: 'reverting', stage: stageName, timer, cause }));
    await stage.until(atRest);
    expect(outcome(stage)).toBe('failed, was not ready');
    expect(stage.world.weightOf('r1')).toBe(100);
  },
);

test('a release whose command ran under the version before does not run it again', () => {
  expect(upgradeState(oldState({ at: 'stopping-workers' })).migrated).toEqual(['sha256:good:1 release']);
});

test('a request that waited through the upgrade is understood', async () => {
  const old = { rolloutId: 'ro-5', kind: 'deploy', revision: oldRevision(5), settings: oldSettings };
  const request = { ...old, requestedBy: 'ana', replyTo: 'run-1' };
  expect(upgradeRequest(request).revision.processes.map(({ role }) => role)).toEqual(['web', 'worker']);
  const stage = new Stage();
  await stage.tick(['rollout', request]);
  await stage.until(atRest);
  expect(outcome(stage)).toBe('succeeded, r1 serves app/production');
});

test('what this version writes comes back as it is', async () => {
  const stage = await new Stage().serves(aRequest(1, 'good', { stack: true }));
  await stage.tick(['rollout', aRequest(2, 'good', { stack: true })]);
  for (const phase of ['preparing', 'stepping', 'baking']) {
    await stage.until(at(phase));
    expect(upgradeState(stage.state)).toEqual(stage.state);
  }
});

test('what the judge rests on goes on, though shares of traffic before the present one were forgotten once', async () => {
  const settings = { judge: aJudge({}), strategy: aCanary([10, 100], { kind: 'approval' }) };
  const stage = await new Stage().serves(aRequest(1, 'good'));
  await stage.tick(['rollout', aRequest(2, 'good', { settings })]);
  await stage.until(({ rollout }) => rollout?.compared != null);
  const old = structuredClone(stage.state);
  const compared: { earlier?: unknown; stretches?: unknown } = old.rollout?.compared ?? {};
  delete compared.earlier;
  delete compared.stretches;
  expect(upgradeState(old)).toEqual(stage.state);
});

/** Without what is known since there may be several machines. */
function withoutMachines(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => {
      if (key === 'machines' || key === 'started') return undefined;
      return part;
    }),
  );
}

test.each(['preparing', 'stepping', 'baking', 'reverting'])(
  'an environment of the version before there were several machines goes on from %s on its one machine',
  async (phase) => {
    const wishes = { stack: true, settings: { judge: aJudge({ errorRate: 0.1, minRequests: 20 }) } };
    const stage = await new Stage().serves(aRequest(1, 'good', wishes));
    await stage.serves(aRequest(2, 'good', wishes));
    await stage.tick(['rollout', aRequest(3, 'good', wishes)]);
    await stage.until(at(phase === 'reverting' ? 'baking' : phase));
    if (phase === 'reverting') await stage.tick(['abort', { rolloutId: 'ro-3', by: 'ana' }]);
    const { state } = stage;
    const upgraded = upgradeState(withoutMachines(state));
    expect(withoutMachines(upgraded)).toEqual(withoutMachines(state));
    expect(machinesOf(upgraded)).toEqual(['here']);
    stage.state = upgraded;
    await stage.until(atRest);
    expect(outcome(stage)).toMatch(phase === 'reverting' ? /^aborted/ : /^succeeded, r3 serves/);
    expect(stage.world.broken).toEqual([]);
  },
);
