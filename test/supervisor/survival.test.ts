import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSupervisorClient, ensureSupervisor } from '../../src/supervisor/index.ts';
import { isRunning, openRig, processesOf, waitFor, type Rig } from './rig.ts';

const scope = 'medianest/production';
let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
});
afterEach(async () => {
  await rig.close();
});

test('a successor adopts what runs and goes on watching it', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  const before = await rig.until('app', (now) => now.phase === 'running');
  const first = await rig.killSupervisor();
  expect(isRunning(before.pid ?? 0)).toBe(true);
  expect(await rig.status()).toMatchObject({ pid: before.pid, phase: 'running', restarts: 0 });
  expect((await rig.supervisor.health()).pid).not.toBe(first);
  process.kill(before.pid ?? 0, 'SIGKILL');
  await rig.until('app', (now) => now.phase === 'running' && now.restarts === 1);
});

test('a supervisor killed again and again while it starts processes leaves each running exactly once', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `app-${index}`);
  const script = 'echo started; exec sleep 1000';
  for (const [index, id] of ids.entries()) {
    const asked = rig.supervisor.ensure(rig.spec({ id, argv: ['/bin/sh', '-c', script] }), 1).catch(() => {});
    await sleep((index * 7) % 23);
    if (index % 3 === 0) await rig.killSupervisor();
    await asked;
    await rig.supervisor.ensure(rig.spec({ id, argv: ['/bin/sh', '-c', script] }), 1);
  }
  for (const id of ids) await rig.until(id, (now) => now.phase === 'running');
  const marked = processesOf(rig.home).filter((pid) => marksOf(pid).length > 0);
  expect(marked.flatMap(marksOf).sort()).toEqual(ids.toSorted());
});

test('what was started but not written down in time is found by its mark', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  await rig.supervisor.ensure(rig.spec({ id: 'job', restart: 'never' }), 1);
  const app = await rig.until('app', (now) => now.phase === 'running');
  const job = await rig.until('job', (now) => now.phase === 'running');
  await rig.killSupervisor();
  rewriteState(rig.home, (text) => text.replaceAll(/"identity":\{[^}]*\}/g, '"identity":null'));
  expect(await rig.status('app')).toMatchObject({ phase: 'running', pid: app.pid });
  expect(await rig.status('job')).toMatchObject({ phase: 'running', pid: job.pid });
});

test('one-shots run at most once each, however often the supervisor is killed', async () => {
  const ids = Array.from({ length: 30 }, (_, index) => `job-${index}`);
  const specOf = (id: string) =>
    rig.spec({ id, argv: ['/bin/sh', '-c', 'echo ran; sleep 0.05; exit 4'], restart: 'never' });
  for (const [index, id] of ids.entries()) {
    const asked = rig.supervisor.ensure(specOf(id), 1).catch(() => {});
    await sleep((index * 5) % 17);
    if (index % 2 === 0) await rig.killSupervisor();
    await asked;
    await rig.supervisor.ensure(specOf(id), 1);
  }
  for (const id of ids) {
    expect(await rig.until(id, (now) => now.phase === 'exited')).toMatchObject({ exitCode: 4 });
    expect(rig.log(id)).toBe('ran\n');
  }
});

test('the exit code of a one-shot that ended while no supervisor ran is not lost', async () => {
  const argv = ['/bin/sh', '-c', 'while [ ! -e go ]; do sleep 0.05; done; exit 9'];
  await rig.supervisor.ensure(rig.spec({ argv, restart: 'never' }), 1);
  const { pid } = await rig.until('app', (now) => now.phase === 'running');
  await rig.killSupervisor();
  writeFileSync(join(rig.home, 'go'), '');
  await waitFor(async () => (isRunning(pid ?? 0) ? null : true));
  expect(await rig.until('app', (now) => now.phase === 'exited')).toMatchObject({
    exitCode: 9,
    problem: null,
  });
});

test('a one-shot that was killed while no supervisor ran says that its status is unknown, and is not run again', async () => {
  const argv = ['/bin/sh', '-c', 'echo ran; sleep 1000'];
  await rig.supervisor.ensure(rig.spec({ argv, restart: 'never' }), 1);
  const { pid } = await rig.until('app', (now) => now.phase === 'running');
  await waitFor(async () => (rig.log() === 'ran\n' ? true : null));
  await rig.killSupervisor();
  process.kill(-(pid ?? 0), 'SIGKILL');
  const after = await rig.until('app', (now) => now.phase === 'exited');
  expect(after).toMatchObject({
    exitCode: null,
    problem: 'it ended without leaving an exit status: it was killed, or the machine was restarted',
  });
  expect(rig.log()).toBe('ran\n');
});

test('a removal that a killed supervisor began is finished by its successor', async () => {
  const argv = ['/bin/sh', '-c', `trap '' TERM; while :; do sleep 0.1; done`];
  await rig.supervisor.ensure(rig.spec({ argv, stopGraceMs: 1000 }), 1);
  const { pid } = await rig.until('app', (now) => now.phase === 'running');
  await rig.supervisor.remove('app', scope, 1);
  await rig.killSupervisor();
  await rig.gone('app');
  expect(isRunning(pid ?? 0)).toBe(false);
});

test('after a reboot what should always run is started again, and a one-shot is not', async () => {
  await rig.supervisor.ensure(rig.spec({ needsPort: true }), 1);
  await rig.supervisor.ensure(rig.spec({ id: 'job', restart: 'never' }), 1);
  const before = await rig.until('app', (now) => now.phase === 'running');
  const job = await rig.until('job', (now) => now.phase === 'running');
  await rig.killSupervisor();
  // What a reboot does: everything is gone, and the boot has another id.
  for (const { pid } of [before, job]) process.kill(-(pid ?? 0), 'SIGKILL');
  // A power cut: small files that nobody waited for are lost too.
  rmSync(join(rig.home, 'exits'), { recursive: true });
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  rewriteState(rig.home, (text) => text.replaceAll(bootId, '00000000-0000-0000-0000-000000000000'));
  const after = await rig.until('app', (now) => now.phase === 'running');
  expect(after).toMatchObject({ port: before.port, restarts: 0 });
  expect(after.pid).not.toBe(before.pid);
  expect(await rig.until('job', (now) => now.phase === 'exited')).toMatchObject({ exitCode: null });
});

test('a damaged state file keeps the last good one, says so, and touches nothing that runs', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  const before = await rig.until('app', (now) => now.phase === 'running');
  await rig.supervisor.ensure(rig.spec({ id: 'second' }), 1);
  const second = await rig.until('second', (now) => now.phase === 'running');
  await rig.killSupervisor();
  appendFileSync(join(rig.home, 'supervisor.json'), 'x');
  expect(await rig.status()).toMatchObject({ pid: before.pid, phase: 'running' });
  expect(await rig.status('second')).toMatchObject({ pid: second.pid, phase: 'running' });
  const { warnings } = await rig.supervisor.health();
  expect(warnings[0]).toContain('supervisor.json is damaged');
  expect(warnings[1]).toContain('the copy before it is used');
  expect(existsSync(join(rig.home, 'supervisor.json.damaged'))).toBe(true);
});

test('with every copy lost, what runs goes on and is taken back when asked for', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  await rig.supervisor.ensure(rig.spec({ id: 'unwanted' }), 1);
  const before = await rig.until('app', (now) => now.phase === 'running');
  const unwanted = await rig.until('unwanted', (now) => now.phase === 'running');
  await rig.killSupervisor();
  rmSync(join(rig.home, 'supervisor.json'));
  rmSync(join(rig.home, 'supervisor.json.previous'));
  expect((await rig.supervisor.health()).warnings.join()).toContain('app runs');
  await rig.supervisor.ensure(rig.spec(), 1);
  expect(await rig.status()).toMatchObject({ pid: before.pid, phase: 'running' });
  await rig.supervisor.remove('unwanted', scope, 1);
  await rig.gone('unwanted');
  expect(isRunning(unwanted.pid ?? 0)).toBe(false);
});

test('many that need a supervisor at once get the same one', async () => {
  await rig.killSupervisor();
  const clients = await Promise.all(Array.from({ length: 6 }, () => ensureSupervisor(rig.home)));
  const pids = await Promise.all(clients.map(async (client) => (await client.health()).pid));
  expect(new Set(pids).size).toBe(1);
  await waitFor(async () => (supervisorsOf(rig.home).length === 1 ? true : null));
});

test('a supervisor outlives a group kill of the process that started it', async () => {
  const home = mkdtempSync(join(tmpdir(), 'slipway-starter-'));
  const index = join(import.meta.dirname, '../../src/supervisor/index.ts');
  const script = `import { ensureSupervisor } from ${JSON.stringify(index)};
    await ensureSupervisor(${JSON.stringify(home)});
    console.log('started');
    setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(starter.stdout, 'data');
  process.kill(-(starter.pid ?? 0), 'SIGKILL');
  await once(starter, 'exit');
  const client = createSupervisorClient(home);
  const { pid } = await client.health();
  process.kill(pid, 'SIGHUP');
  expect(await client.health()).toMatchObject({ pid, home });
  await client.shutdown({ stopAll: false });
  await waitFor(async () => (isRunning(pid) ? null : true));
  await expect(client.health()).rejects.toMatchObject({ code: 'supervisor/unreachable' });
  rmSync(home, { recursive: true });
});

test('a shutdown leaves processes as they are, and the next supervisor has them', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  const { pid } = await rig.until('app', (now) => now.phase === 'running');
  const other = createSupervisorClient(rig.home);
  const old = await other.health();
  await other.shutdown({ stopAll: false });
  await waitFor(async () => (isRunning(old.pid) ? null : true));
  expect(isRunning(pid ?? 0)).toBe(true);
  expect(await rig.status()).toMatchObject({ pid, phase: 'running' });
});

test('a supervisor asked for while the one before is still ending is there when it has ended', async () => {
  for (let round = 0; round < 5; round++) {
    const ending = createSupervisorClient(rig.home).shutdown({ stopAll: false });
    const client = await ensureSupervisor(rig.home);
    await ending;
    expect(await client.list()).toEqual([]);
  }
});

test('a process may hand over to a successor of its own, which is followed from then on', async () => {
  const argv = ['/bin/sh', '-c', 'setsid sleep 1001 & echo $!; sleep 0.2; wait'];
  await rig.supervisor.ensure(rig.spec({ argv }), 1);
  const old = await rig.until('app', (now) => now.phase === 'running');
  const next = await waitFor(async () => Number(rig.log().trim()) || null);
  await rig.supervisor.replace('app', next);
  process.kill(old.pid ?? 0, 'SIGTERM');
  await waitFor(async () => (isRunning(old.pid ?? 0) ? null : true));
  expect(await rig.status()).toMatchObject({ pid: next, phase: 'running', restarts: 0 });
  await rig.killSupervisor();
  expect(await rig.status()).toMatchObject({ pid: next, phase: 'running', restarts: 0 });
});

test('a process that is not of the family is not followed', async () => {
  await rig.supervisor.ensure(rig.spec(), 1);
  await rig.until('app', (now) => now.phase === 'running');
  await expect(rig.supervisor.replace('app', process.pid)).rejects.toMatchObject({
    code: 'supervisor/cannot-replace',
    message: `app cannot be followed as process ${process.pid}: process ${process.pid} was not started by app`,
  });
});

test('a home whose socket no kernel could bind is refused with the way out', async () => {
  const home = join(tmpdir(), 'x'.repeat(100));
  await expect(ensureSupervisor(home)).rejects.toMatchObject({
    code: 'supervisor/home-too-long',
    help: 'choose a shorter home directory with --home or SLIPWAY_HOME',
  });
});

function marksOf(pid: number): string[] {
  const environ = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const mark = environ.find((entry) => entry.startsWith('SLIPWAY_PROCESS='));
  return mark ? [mark.slice('SLIPWAY_PROCESS='.length).split('@')[0] ?? ''] : [];
}

function supervisorsOf(home: string): number[] {
  return processesOf(home).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('supervisor/main.ts'),
  );
}

function rewriteState(home: string, change: (text: string) => string): void {
  const path = join(home, 'supervisor.json');
  const { state } = JSON.parse(change(readFileSync(path, 'utf8'))) as { state: unknown };
  const body = JSON.stringify(state);
  writeFileSync(path, `{"format":1,"checksum":"${sha256(body)}","state":${body}}\n`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
