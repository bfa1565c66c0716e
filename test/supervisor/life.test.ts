import { createServer } from 'node:net';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, openRig, waitFor, type Rig } from './rig.ts';

const scope = 'medianest/production';
let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
});
afterEach(async () => {
  await rig.close();
});

test('a process runs until it is removed', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  const { pid } = await rig.until('app', (now) => now.phase === 'running');
  expect(isRunning(pid ?? 0)).toBe(true);
  await rig.supervisor.remove('app', scope, 1);
  await rig.gone('app');
  expect(isRunning(pid ?? 0)).toBe(false);
});

test('asking for the same process again changes nothing', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  const before = await rig.until('app', (now) => now.phase === 'running');
  await rig.supervisor.ensure(rig.spec(), 1);
  expect(await rig.status()).toMatchObject({ pid: before.pid, restarts: 0 });
});

test('a process that ends is started again, later each time', async () => {
  await rig.supervisor.ensure(rig.spec({ argv: ['/bin/sh', '-c', 'echo "ended"; exit 7'] }), 1);
  const seen = await rig.until('app', (now) => now.restarts >= 3 && now.phase === 'backoff');
  expect(seen).toMatchObject({ exitCode: 7, exitSignal: null, pid: null });
  expect(rig.log().split('\n').length).toBeGreaterThan(3);
});

test('a process that is killed from outside comes back with another pid', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  const { pid } = await rig.until('app', (now) => now.phase === 'running');
  process.kill(pid ?? 0, 'SIGKILL');
  const after = await rig.until('app', (now) => now.phase === 'running' && now.restarts === 1);
  expect(after.pid).not.toBe(pid);
  expect(after.exitSignal).toBe('SIGKILL');
});

test('a process gets exactly the environment of its spec, its port and its mark', async () => {
  const argv = ['/usr/bin/env'];
  await rig.supervisor.ensure(rig.spec({ argv, restart: 'never', needsPort: true, env: { A: 'b' } }), 1);
  const { port } = await rig.until('app', (now) => now.phase === 'exited');
  const names = rig
    .log()
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('=')[0])
    .filter((name) => !['_', 'PWD', 'OLDPWD', 'SHLVL'].includes(name ?? ''));
  expect(names.toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(['A', 'PORT', 'SLIPWAY_PROCESS']);
  expect(rig.log()).toContain(`PORT=${port}`);
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(30_000);
});

test('a process leads a session of its own, reads nothing and writes to its log without a pipe', async () => {
  const argv = ['/bin/sh', '-c', 'readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; exec sleep 1000'];
  await rig.supervisor.ensure(rig.spec({ argv }), 1);
  const { pid, logFile } = await rig.until('app', (now) => now.phase === 'running');
  await waitFor(async () => (rig.log().split('\n').length > 3 ? true : null));
  expect(rig.log()).toBe(`/dev/null\n${logFile}\n${logFile}\n`);
  const [, , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(1) ?? [];
  expect(session).toBe(String(pid));
});

test('a one-shot keeps its exit code and is not run again', async () => {
  await rig.supervisor.ensure(
    rig.spec({ argv: ['/bin/sh', '-c', 'echo once; exit 3'], restart: 'never' }),
    1,
  );
  expect(await rig.until('app', (now) => now.phase === 'exited')).toMatchObject({ exitCode: 3, restarts: 0 });
  await rig.supervisor.ensure(
    rig.spec({ argv: ['/bin/sh', '-c', 'echo once; exit 3'], restart: 'never' }),
    2,
  );
  expect(await rig.status()).toMatchObject({ phase: 'exited', exitCode: 3 });
  expect(rig.log()).toBe('once\n');
});

test('a one-shot that was removed may be run afresh under the same id', async () => {
  const spec = rig.spec({ argv: ['/bin/sh', '-c', 'echo ran'], restart: 'never' });
  for (const fence of [1, 2]) {
    await rig.supervisor.ensure(spec, fence);
    await rig.until('app', (now) => now.phase === 'exited' && now.exitCode === 0);
    await rig.supervisor.remove('app', scope, fence);
    await rig.gone('app');
  }
  expect(rig.log()).toBe('ran\nran\n');
});

test('removing takes the whole family: children, those that ignore SIGTERM, and those that left the session', async () => {
  const script = [
    `trap '' TERM`,
    `sleep 2001 & echo $!`,
    `setsid sleep 2002 & sleep 0.2; echo $!`,
    `while :; do sleep 0.1; done`,
  ].join('\n');
  await rig.supervisor.ensure(rig.spec({ argv: ['/bin/sh', '-c', script], stopGraceMs: 300 }), 1);
  const pids = await waitFor(async () => {
    const lines = (await rig.status())?.phase === 'running' ? rig.log().split('\n').filter(Boolean) : [];
    return lines.length === 2 ? lines.map(Number) : null;
  });
  await rig.supervisor.remove('app', scope, 1);
  await rig.gone('app');
  expect(pids.map(isRunning)).toEqual([false, false]);
});

test('grandchildren of a process that ended do not outlive it into the next start', async () => {
  const argv = ['/bin/sh', '-c', 'sleep 2003 & echo $!; exit 1'];
  await rig.supervisor.ensure(rig.spec({ argv }), 1);
  await rig.until('app', (now) => now.restarts >= 2);
  const [first = '0'] = rig.log().split('\n');
  await waitFor(async () => (isRunning(Number(first)) ? null : true));
});

test('an older fence is refused, for its own scope only, also after the supervisor was killed', async () => {
  await rig.supervisor.ensure(rig.spec(), 5);
  await rig.killSupervisor();
  const late = rig.supervisor.ensure(rig.spec({ id: 'late' }), 4);
  await expect(late).rejects.toMatchObject({
    code: 'supervisor/stale-fence',
    message: 'fence 4 of medianest/production is older than 5',
  });
  await expect(rig.supervisor.remove('app', scope, 4)).rejects.toMatchObject({
    code: 'supervisor/stale-fence',
  });
  await rig.supervisor.ensure(rig.spec({ id: 'other', scope: 'medianest/staging' }), 1);
  expect((await rig.supervisor.list(scope)).map((one) => one.id)).toEqual(['app']);
});

test('another spec under the same id is refused and names only what differs', async () => {
  await rig.supervisor.ensure(rig.spec({ env: { TOKEN: 'secret-one' } }), 1);
  const other = rig.supervisor.ensure(rig.spec({ env: { TOKEN: 'secret-two' }, stopGraceMs: 1 }), 1);
  await expect(other).rejects.toMatchObject({
    code: 'supervisor/spec-conflict',
    notes: ['differing: env, stopGraceMs'],
  });
});

test('a process that is still being stopped is not started again under its feet', async () => {
  const argv = ['/bin/sh', '-c', `trap '' TERM; while :; do sleep 0.1; done`];
  await rig.supervisor.ensure(rig.spec({ argv, stopGraceMs: 1500 }), 1);
  await rig.until('app', (now) => now.phase === 'running');
  await rig.supervisor.remove('app', scope, 1);
  const again = rig.supervisor.ensure(rig.spec({ argv, stopGraceMs: 1500 }), 1);
  await expect(again).rejects.toMatchObject({ code: 'supervisor/still-stopping' });
  expect(await rig.status()).toMatchObject({ phase: 'stopping' });
  await rig.gone('app');
});

test('a port stays over restarts and is chosen anew when somebody else took it', async () => {
  const argv = ['/bin/sleep', '1000'];
  await rig.supervisor.ensure(rig.spec({ argv, needsPort: true }), 1);
  const first = await rig.until('app', (now) => now.phase === 'running');
  process.kill(first.pid ?? 0, 'SIGKILL');
  const second = await rig.until('app', (now) => now.phase === 'running' && now.restarts === 1);
  expect(second.port).toBe(first.port);
  const squatter = createServer();
  squatter.listen(first.port ?? 0, '127.0.0.1');
  await once(squatter, 'listening');
  process.kill(second.pid ?? 0, 'SIGKILL');
  const third = await rig.until('app', (now) => now.phase === 'running' && now.restarts === 2);
  squatter.close();
  expect(third.port).not.toBe(first.port);
});

test('twenty processes get twenty ports', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `app-${index}`);
  await Promise.all(ids.map((id) => rig.supervisor.ensure(rig.spec({ id, needsPort: true }), 1)));
  for (const id of ids) await rig.until(id, (now) => now.phase === 'running');
  const ports = (await rig.supervisor.list()).map((one) => one.port);
  expect(new Set(ports).size).toBe(20);
});

test.each([
  ['a working directory', { cwd: '/does/not/exist' }, 'its working directory /does/not/exist does not exist'],
  [
    'a program',
    { argv: ['no-such-program'] },
    'it could not be started: its program no-such-program was not found',
  ],
])('%s that does not exist is told in the status and in the log', async (_, change, problem) => {
  await rig.supervisor.ensure(rig.spec(change), 1);
  expect(await rig.until('app', (now) => now.phase === 'backoff')).toMatchObject({ problem, pid: null });
  expect(rig.log()).toContain(`slipway: ${problem}`);
});

test('a one-shot whose program does not exist ends as a shell would end it', async () => {
  await rig.supervisor.ensure(rig.spec({ argv: ['no-such-program'], restart: 'never' }), 1);
  expect(await rig.until('app', (now) => now.phase === 'exited')).toMatchObject({ exitCode: 127 });
  expect(rig.log()).toContain('no-such-program: not found');
});

test('a spec that makes no sense is refused with every wrong field', async () => {
  const wrong = { ...rig.spec(), argv: [], cwd: 'relative', extra: 1 };
  await expect(rig.supervisor.ensure(wrong, 1)).rejects.toMatchObject({
    code: 'supervisor/invalid-spec',
    notes: [
      'argv must be a list of texts that begins with the program',
      'cwd must be an absolute path',
      'extra is not known',
    ],
  });
});

test('socket, state and logs are for their owner only', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  await rig.until('app', (now) => now.phase === 'running');
  const modes = ['supervisor.sock', 'supervisor.json', 'logs/app.log'].map((name) =>
    (statSync(join(rig.home, name)).mode & 0o777).toString(8),
  );
  expect(modes).toEqual(['600', '600', '600']);
});
