import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf, signal, until } from '../rig/index.ts';
import { isPostgresInstalled, postgresHelp, PostgresServer } from './postgres-server.ts';
import { setUpTrial, type Trial } from './support/trial.ts';

if (!isPostgresInstalled && process.env['CI']) throw new Error(`no PostgreSQL 15: ${postgresHelp}`);

describe.skipIf(!isPostgresInstalled)(`a server on PostgreSQL 15 (missing? ${postgresHelp})`, () => {
  let postgres: PostgresServer;
  let trial: Trial;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    const { url } = await postgres.freshDatabase();
    trial = await setUpTrial();
    await trial.slipway(['up'], { env: { SLIPWAY_DATABASE_URL: url } });
  });

  afterAll(async () => {
    await trial.close();
    postgres.stop();
  });

  const serverPid = () =>
    processesOf(trial.home).find(({ command }) => command.includes('server/main.ts'))?.pid ?? 0;

  const jobRuns = async () => (await trial.start(['logs', '--job', 'test']).ended).text.includes('closed');

  it('ships and goes back', async () => {
    trial.repository.commit('one');
    await trial.slipway(['ship']);
    trial.repository.commit('two');
    await trial.slipway(['ship']);
    expect(await trial.version()).toBe('two');
    await trial.slipway(['rollback']);
    expect(await trial.version()).toBe('one');
    expect(await trial.slipway(['audit', 'verify'])).toContain('nothing was changed');
  });

  it('keeps its database when it is started by somebody who does not name one', async () => {
    await trial.slipway(['down']);
    await trial.slipway(['up']);
    expect(await trial.slipway(['history'])).toContain('r2');
  });

  it('is followed to the end through its own death and a new start in the middle of a rollout', async () => {
    trial.repository.commit('three');
    const ship = trial.start(['ship']);
    await ship.says('starting');
    signal(serverPid(), 'SIGKILL');
    await ship.says('does not answer');
    await trial.slipway(['up']);
    expect((await ship.ended).exitCode).toBe(0);
    expect(await trial.version()).toBe('three');
    expect(await trial.slipway(['audit', 'verify'])).toContain('nothing was changed');
  });

  it('loses its connections again and again in a rollout, and nothing else', async () => {
    const before = serverPid();
    trial.repository.commit('again');
    const ship = trial.start(['ship']);
    await ship.says('starting');
    for (let round = 0; round < 20; round += 1) await postgres.breakConnections();
    expect((await ship.ended).exitCode).toBe(0);
    expect(await trial.version()).toBe('again');
    expect(serverPid()).toBe(before);
    expect(await trial.slipway(['audit', 'verify'])).toContain('nothing was changed');
  });

  it('outlives a restart of PostgreSQL, says that it waits for it, and goes on', async () => {
    trial.addGate();
    trial.repository.commit('four');
    const ship = trial.start(['ship']);
    await until('the job runs', jobRuns);
    const before = serverPid();
    postgres.pause();
    await ship.says('does not answer');
    const { text, exitCode } = await trial.start(['status']).ended;
    expect(exitCode).toBe(3);
    expect(text).toContain('cannot open the PostgreSQL database');
    expect(await trial.version()).toBe('again');
    postgres.resume();
    trial.openGate();
    expect((await ship.ended).exitCode).toBe(0);
    expect(await trial.version()).toBe('four');
    expect(serverPid()).toBe(before);
    expect(await trial.slipway(['audit', 'verify'])).toContain('nothing was changed');
  });

  it('says so when it is started while PostgreSQL is away', async () => {
    await trial.slipway(['down']);
    postgres.pause();
    const { text, exitCode } = await trial.start(['up']).ended;
    postgres.resume();
    expect(exitCode).not.toBe(0);
    expect(text).toContain('error[store/unreachable]');
    expect(await trial.version()).toBe('four');
    await trial.slipway(['up']);
    expect(await trial.slipway(['status'])).toContain('rig/production');
  });
});
