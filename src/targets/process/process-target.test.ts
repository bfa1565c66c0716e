import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CodedError } from '../../diagnostics/index.ts';
import type { ProcessSpec, ProcessStatus, Supervisor } from '../../supervisor/index.ts';
import type { InstanceSpec } from './model.ts';
import { createProcessTarget } from './process-target.ts';

const scope = 'medianest/production';
let home: string;
let statuses: ProcessStatus[];
let ensured: ProcessSpec[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-target-'));
  statuses = [];
  ensured = [];
});
afterEach(() => rmSync(home, { recursive: true }));

function target(change: Partial<Supervisor> = {}) {
  const supervisor: Supervisor = {
    ensure: async (spec) => void ensured.push(spec),
    remove: async () => {},
    list: async () => statuses,
    ...change,
  };
  return createProcessTarget({ supervisor, home });
}

function instance(change: Partial<InstanceSpec> = {}): InstanceSpec {
  return {
    scope,
    id: 'r7-web-1',
    revision: 'r7',
    command: 'node server.js',
    directory: '/releases/abc',
    env: { A: 'b' },
    needsPort: true,
    stopGraceMs: 30_000,
    logFile: '/logs/r7-web-1.log',
    ...change,
  };
}

function status(change: Partial<ProcessStatus> = {}): ProcessStatus {
  return {
    id: `${scope}/r7-web-1`,
    scope,
    phase: 'running',
    pid: 1,
    port: null,
    restarts: 0,
    uptimeMs: 1,
    exitCode: null,
    exitSignal: null,
    problem: null,
    logFile: join(home, 'app.log'),
    ...change,
  };
}

test('a copy runs in its revision folder, which points to the release', async () => {
  await target().start(instance(), 1);
  await target().start(instance({ id: 'r7-web-2' }), 1);
  const link = join(home, 'apps/medianest/revisions/production/r7');
  expect(readlinkSync(link)).toBe('/releases/abc');
  expect(ensured[0]).toMatchObject({
    id: 'medianest/production/r7-web-1',
    argv: ['/bin/sh', '-c', 'node server.js'],
    cwd: link,
    restart: 'always',
    needsPort: true,
  });
});

test('a revision never changes its release', async () => {
  await target().start(instance(), 1);
  await expect(target().start(instance({ directory: '/releases/def' }), 1)).rejects.toMatchObject({
    code: 'targets/revision-conflict',
    notes: ['it is abc, asked for was def'],
  });
});

test.each(['../../etc/production', 'medianest//x', '.hidden/production'])(
  'the scope %s names no folder',
  async (wrong) => {
    await expect(target().start(instance({ scope: wrong }), 1)).rejects.toMatchObject({
      code: 'targets/invalid-name',
    });
  },
);

test('a copy is seen with its revision and process, whatever dashes the process has', async () => {
  statuses = [status({ id: `${scope}/r12-media-worker-3` })];
  expect(await target().observe(scope, [])).toEqual([
    {
      id: 'r12-media-worker-3',
      host: '127.0.0.1',
      drift: null,
      revision: 'r12',
      process: 'media-worker',
      phase: 'running',
      port: null,
      restarts: 0,
      exitCode: null,
      probe: 'not-probed',
      logTail: [],
    },
  ]);
});

test.each<[string, Partial<ProcessStatus>, unknown]>([
  ['starting', { phase: 'starting' }, 'not-probed'],
  ['ended', { phase: 'backoff', exitCode: 3 }, { failed: 'it ended with exit code 3' }],
  ['killed', { phase: 'backoff', exitSignal: 'SIGKILL' }, { failed: 'it was ended by SIGKILL' }],
  ['never started', { phase: 'backoff', problem: 'no program' }, { failed: 'no program' }],
  ['without a port', {}, { failed: 'it has no port to answer on' }],
])('a probe of a copy that is %s says so without asking it', async (_, change, answer) => {
  statuses = [status(change)];
  const [seen] = await target().observe(scope, [{ instance: 'r7-web-1', path: '/', probeTimeoutMs: 1000 }]);
  expect(seen?.probe).toEqual(answer);
});

test('a copy in trouble brings the end of its log', async () => {
  writeFileSync(join(home, 'app.log'), 'one\ntwo\n');
  statuses = [status({ phase: 'backoff', exitCode: 1 })];
  expect((await target().observe(scope, []))[0]?.logTail).toEqual(['one', 'two']);
});

test('a command that ran is not run again, even with other contents', async () => {
  const ensure = async () => {
    throw new CodedError('supervisor/spec-conflict', 'exists');
  };
  const command = {
    scope,
    key: 'release-abc',
    command: 'x',
    directory: '/',
    env: {},
    logFile: '/l',
    stopGraceMs: 1,
  };
  await target({ ensure }).runCommand(command, 1);
});

test('commands are not copies, and copies are not commands', async () => {
  statuses = [status({ id: `${scope}/command/release-abc`, phase: 'exited', exitCode: 1 })];
  expect(await target().observe(scope, [])).toEqual([]);
  expect(await target().observeCommand(scope, 'release-abc')).toEqual({
    state: 'exited',
    code: 1,
    logTail: [],
  });
  expect(await target().observeCommand(scope, 'release-def')).toEqual({ state: 'none' });
});

test('a command whose end nobody saw says so', async () => {
  const problem = 'it ended without leaving an exit status';
  statuses = [status({ id: `${scope}/command/a`, phase: 'exited', problem })];
  expect(await target().observeCommand(scope, 'a')).toEqual({
    state: 'exited',
    code: null,
    logTail: [`slipway: ${problem}`],
  });
});
