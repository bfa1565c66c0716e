import { createServer } from 'node:http';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InstanceObservation } from '../../src/delivery/index.ts';
import {
  createProcessTarget,
  processEnvironment,
  type InstanceSpec,
  type ProcessTarget,
} from '../../src/targets/index.ts';
import { openRig, waitFor, type Rig } from '../supervisor/rig.ts';

const scope = 'medianest/production';
const probes = [{ instance: 'r1-web-1', path: '/ready', probeTimeoutMs: 5000 }];

/** Becomes ready when the file `ready` appears beside it. */
const app = `
  const http = require('node:http');
  const { existsSync } = require('node:fs');
  http.createServer((request, response) => {
    const ready = existsSync(process.env.READY_FILE);
    response.writeHead(ready ? 200 : 503).end(ready ? 'ok' : 'warming up');
  }).listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
`;

let rig: Rig;
let target: ProcessTarget;
let release: string;
let env: Record<string, string>;

beforeEach(async () => {
  rig = await openRig();
  target = createProcessTarget({ supervisor: rig.supervisor, home: rig.home });
  release = join(rig.home, 'releases', 'abc');
  mkdirSync(release, { recursive: true });
  writeFileSync(join(release, 'server.cjs'), app);
  env = processEnvironment({
    toolchainBin: [dirname(process.execPath)],
    homeDirectory: rig.home,
    env: { READY_FILE: join(rig.home, 'ready') },
  });
});
afterEach(async () => {
  await rig.close();
});

function web(change: Partial<InstanceSpec> = {}): InstanceSpec {
  return {
    scope,
    id: 'r1-web-1',
    revision: 'r1',
    command: 'node server.cjs',
    directory: release,
    env,
    needsPort: true,
    stopGraceMs: 2000,
    logFile: join(rig.home, 'logs', 'r1-web-1.log'),
    ...change,
  };
}

function seen(ready: (instance: InstanceObservation) => boolean): Promise<InstanceObservation> {
  return waitFor(async () => {
    const [instance] = await target.observe(scope, probes);
    return instance && ready(instance) ? instance : null;
  });
}

const failedWith = (text: string) => (instance: InstanceObservation) =>
  typeof instance.probe === 'object' && instance.probe.failed.includes(text);

test('a copy becomes ready when it says so, and is gone after a stop', async () => {
  await target.start(web(), 1);
  const warming = await seen(failedWith('answered 503: warming up'));
  expect(warming.logTail).toEqual(['listening']);
  writeFileSync(env['READY_FILE'] ?? '', '');
  expect(await seen(({ probe }) => probe === 'ready')).toMatchObject({
    id: 'r1-web-1',
    revision: 'r1',
    process: 'web',
    phase: 'running',
    logTail: [],
  });
  await target.stop(scope, 'r1-web-1', 1);
  await waitFor(async () => ((await target.observe(scope, [])).length === 0 ? true : null));
});

test('an owner with an older fence starts and stops nothing', async () => {
  await target.start(web(), 5);
  await expect(target.stop(scope, 'r1-web-1', 4)).rejects.toMatchObject({ code: 'supervisor/stale-fence' });
  await expect(target.start(web({ id: 'r1-web-2' }), 4)).rejects.toMatchObject({
    code: 'supervisor/stale-fence',
  });
  expect((await target.observe(scope, [])).map(({ id }) => id)).toEqual(['r1-web-1']);
});

test('a copy that crashes shows its exit code and the end of its log', async () => {
  await target.start(web({ command: 'echo "no database" >&2; exit 12' }), 1);
  const crashed = await seen(failedWith('it ended with exit code 12'));
  expect(crashed.exitCode).toBe(12);
  expect(crashed.logTail.at(-1)).toBe('no database');
});

test('a process of somebody else on the port never passes for the copy', async () => {
  await target.start(web({ command: 'sleep 1000' }), 1);
  const { port } = await seen(failedWith('nothing listens'));
  const squatter = createServer((_, response) => response.end('ok'));
  squatter.listen(port ?? 0, '127.0.0.1');
  await once(squatter, 'listening');
  const [fooled] = await target.observe(scope, probes);
  squatter.close();
  expect(fooled?.probe).toEqual({
    failed: `port ${port} is held by process ${process.pid}, not by this copy`,
  });
});

test('a listener that is a grandchild, even in a session of its own, is the copy', async () => {
  writeFileSync(env['READY_FILE'] ?? '', '');
  await target.start(web({ command: '(setsid node server.cjs) & wait; sleep 1000' }), 1);
  await seen(({ probe }) => probe === 'ready');
});

test('nothing of the server reaches the environment of an app', async () => {
  process.env['SLIPWAY_TEST_LEAK'] = 'leaked';
  await target.start(web({ command: 'env > "$HOME/env.txt"; exec sleep 1000' }), 1);
  const file = join(rig.home, 'env.txt');
  const text = await waitFor(async () => {
    const now = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return now.includes('PORT=') && now.includes('LANG=') ? now : null;
  });
  const names = text.split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
  const shells = new Set(['PWD', 'OLDPWD', 'SHLVL', '_']);
  expect(names.filter((name) => !shells.has(name)).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'HOME',
    'LANG',
    'PATH',
    'PORT',
    'READY_FILE',
    'SLIPWAY_PROCESS',
  ]);
});

test('a command runs once for its key, also across a killed supervisor, until it is forgotten', async () => {
  const command = {
    scope,
    key: 'release-abc',
    command: 'echo migrated; exit 2',
    directory: release,
    env,
    stopGraceMs: 1000,
    logFile: join(rig.home, 'logs', 'release.log'),
  };
  const ended = { state: 'exited', code: 2, logTail: ['migrated'] };
  const observed = () =>
    waitFor(async () => {
      const now = await target.observeCommand(scope, command.key);
      return now.state === 'exited' ? now : null;
    });
  expect(await target.observeCommand(scope, command.key)).toEqual({ state: 'none' });
  await target.runCommand(command, 1);
  expect(await observed()).toEqual(ended);
  await rig.killSupervisor();
  await target.runCommand({ ...command, env: { ...env, NEWER: 'secret' } }, 2);
  expect(await observed()).toEqual(ended);
  await target.forgetCommand(scope, command.key, 2);
  await waitFor(async () =>
    (await target.observeCommand(scope, command.key)).state === 'none' ? true : null,
  );
  await target.runCommand(command, 2);
  expect(await observed()).toEqual({ ...ended, logTail: ['migrated', 'migrated'] });
});
