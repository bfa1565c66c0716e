import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf, signal, until } from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { sshd, startSshd, type SshServer } from './support/sshd.ts';
import { setUpTrial, type Trial } from './support/trial.ts';

/** A client's machine: a repository, an ssh of its own, no server and no home. */
interface Client {
  env: Record<string, string>;
}

describe.skipIf(lacks(sshd))(`another machine through ssh (no sshd? ${sshd.install})`, () => {
  let trial: Trial;
  let server: SshServer;
  let client: Client;

  beforeAll(async () => {
    trial = await setUpTrial();
    const remoteUser = join(trial.root, 'remote-user');
    const { HOME: _home, SLIPWAY_HTTP: listen = '', ...rest } = trial.env;
    await putCommand(trial, remoteUser);
    server = await startSshd(join(trial.root, 'ssh'), {
      HOME: remoteUser,
      SLIPWAY_HOME: trial.home,
      SLIPWAY_HTTP: listen,
    });
    client = {
      env: {
        ...rest,
        PATH: `${server.clientPath}:${rest['PATH']}`,
        SLIPWAY_HOME: join(trial.root, 'no-server-here'),
        SLIPWAY_HTTP: '',
      },
    };
  });

  afterAll(async () => {
    await server.stop();
    await trial.close();
  });

  const remote = (words: string[], host = 'vps') =>
    trial.slipway([...words, '--host', host], { env: client.env });
  const start = (words: string[]) => trial.start([...words, '--host', 'vps'], { env: client.env });

  it('ships to a machine on which no server runs yet, found by a name out of the configuration of ssh', async () => {
    trial.repository.commit('one');
    await remote(['ship']);
    expect(await trial.version()).toBe('one');
    expect(await remote(['status'])).toContain('rig/production');
  });

  it('takes the address of a machine with its port', async () => {
    expect(await remote(['history'], server.url)).toContain('r1');
  });

  it('streams logs as they are written', async () => {
    const logs = start(['logs', '-f', 'production', '--process', 'web', '-n', '1']);
    trial.repository.commit('two');
    await remote(['ship']);
    await logs.says('two listens');
    logs.child.kill('SIGINT');
    expect((await logs.ended).exitCode).toBe(130);
  });

  it('goes back to the revision before', async () => {
    expect(await trial.version()).toBe('two');
    await remote(['rollback']);
    expect(await trial.version()).toBe('one');
  });

  it('follows on by itself when the connection breaks in the middle of a ship', async () => {
    trial.addGate();
    trial.repository.commit('three');
    const ship = start(['ship']);
    await until('the job runs', jobRuns);
    for (const pid of sshClients()) signal(pid, 'SIGKILL');
    await ship.says('does not answer');
    trial.openGate();
    expect((await ship.ended).exitCode).toBe(0);
    expect(await trial.version()).toBe('three');
  });

  it('loses nothing when the client vanishes in the middle of a ship', async () => {
    trial.closeGate();
    trial.repository.commit('four');
    const ship = start(['ship']);
    await until('the job runs', jobRuns);
    ship.child.kill('SIGKILL');
    await ship.ended;
    const { ships } = JSON.parse(await remote(['status', '--json'])) as { ships: { id: string }[] };
    const logs = start(['logs', '-f', ships[0]?.id ?? '']);
    await logs.says('the gate is closed');
    trial.openGate();
    await logs.says('the gate is open');
    expect((await logs.ended).exitCode).toBe(0);
    expect(await trial.version()).toBe('four');
  });

  it('says what to do on a machine that does not know the command', async () => {
    const env = { ...client.env, SLIPWAY_REMOTE_COMMAND: 'no-such-slipway' };
    const { text, exitCode } = await trial.start(['status', '--host', 'vps'], { env }).ended;
    expect(exitCode).toBe(3);
    expect(text).toContain('SLIPWAY_REMOTE_COMMAND=/path/to/slipway');
  });

  it('says what ssh said of a machine that is not there', async () => {
    const { text, exitCode } = await trial.start(['status', '--host', 'ssh://127.0.0.1:1'], client).ended;
    expect(exitCode).toBe(3);
    expect(text).toContain('Connection refused');
  });

  it('leaves no ssh, no session and no dial behind', async () => {
    await until('all sessions have ended', () => server.sessions().length === 0, server.sessions);
    expect(sshClients()).toEqual([]);
    const dials = processesOf(trial.home).filter(({ command }) => command.includes(' dial'));
    expect(dials).toEqual([]);
  });

  const sshClients = () =>
    processesOf(trial.root)
      .filter(({ command }) => command.startsWith('/usr/bin/ssh '))
      .map(({ pid }) => pid);

  const jobRuns = async () => {
    const { ships } = JSON.parse(await trial.slipway(['status', '--json'])) as {
      ships: { runs: { jobs: { state: string }[] }[] }[];
    };
    return ships.some(({ runs }) => runs.some(({ jobs }) => jobs.some(({ state }) => state === 'running')));
  };
});

/** Puts the command where `slipway install` of an ordinary user would, with the very text. */
async function putCommand(trial: Trial, user: string): Promise<void> {
  const printed = await trial.slipway(['install', '--print', '--json'], { cwd: trial.root });
  const files = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; text: string });
  const command = files.find(({ file }) => file.endsWith('/bin/slipway'));
  const file = join(user, '.local/bin/slipway');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, command?.text ?? '', { mode: 0o755 });
}
