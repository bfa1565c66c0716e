import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerInstall, lacksDocker, loadImages, startDockerd, type Dockerd } from '../docker/index.ts';
import { processesOf, signal } from '../rig/index.ts';
import { composeStage, sendVisitors, type ComposeStage, type Visitors } from './support/compose-app.ts';

/*
 * The example app with PostgreSQL and Redis on a real engine, shipped by the real command, with people using it from the
 * first version to the last. One story: each part goes on where the one before it ended.
 */
describe.skipIf(lacksDocker())(`a Compose app on Docker (missing? ${dockerInstall})`, () => {
  let engine: Dockerd;
  let stage: ComposeStage;
  let visitors: Visitors | null = null;
  let databaseId = '';

  const idOf = (name: string) =>
    engine.docker('inspect', '-f', '{{.Id}}', `slipway-notes-production-${name}`);
  const running = () =>
    engine
      .docker('ps', '--format', '{{.Names}}')
      .split('\n')
      .map((name) => name.replace('slipway-notes-production-', ''))
      .sort();

  beforeAll(async () => {
    engine = await startDockerd();
    loadImages(engine, ['node', 'postgres', 'redis']);
    stage = await composeStage(engine.url);
    const up = await stage.slipway('up', '--http', `127.0.0.1:${stage.port}`);
    expect(up.err).toBe('');
  });
  afterAll(async () => {
    await visitors?.stop();
    await stage?.close();
    await engine?.stop();
  });

  it('a secret that has no value is told before anything is built', async () => {
    stage.commit('1.0.1');
    const shipped = await stage.slipway('ship');
    expect(shipped.code).not.toBe(0);
    expect(shipped.out).toContain('secret "POSTGRES_PASSWORD" of notes/production has no value');
    expect(engine.docker('images', '-q', 'slipway/notes')).toBe('');
    await stage.setSecret('POSTGRES_PASSWORD', 'correct-horse-battery');
    await stage.setSecret('SESSION_KEY', 'first-session-key');
  });

  it('a database does not start on a volume that a container of somebody else writes to', async () => {
    const volume = 'slipway-notes-production_database';
    engine.docker(
      'run',
      '-d',
      '--name',
      'by-hand',
      '-v',
      `${volume}:/data`,
      'slipway-test/node',
      'sleep',
      '9999',
    );
    const told = 'error[wiring/data-taken]: "database" of notes/production would write to the volume';
    const planned = await stage.slipway('plan');
    expect(planned.out + planned.err).toContain(told);
    const shipped = await stage.slipway('ship');
    expect(shipped.code).not.toBe(0);
    expect(shipped.out + shipped.err).toContain(told);
    expect(shipped.out + shipped.err).toContain('end it first: docker stop by-hand');
    expect(running()).toEqual(['by-hand']);
    engine.docker('rm', '-f', 'by-hand');
    engine.docker('volume', 'rm', volume);
  });

  it('the first version comes up: shared services, migration, companion, web, worker', async () => {
    const shipped = await stage.slipway('ship');
    expect(shipped.out).toContain('live on production');
    expect(running()).toEqual([
      'r1-backend-1',
      'r1-web-1',
      'r1-worker-1',
      'shared-cache-1',
      'shared-database-1',
    ]);
    databaseId = idOf('shared-database-1');
    const { status, body } = await stage.ask('/');
    expect([status, body]).toMatchObject([
      200,
      { web: '1.0.1', backend: '1.0.1', notes: ['the first note'] },
    ]);
    const config = engine.docker('inspect', 'slipway-notes-production-r1-web-1');
    expect(config).not.toContain('first-session-key');
    visitors = sendVisitors(stage.port);
  });

  it('a second version takes over while people use the first, and the database stays', async () => {
    stage.commit('1.1.0');
    const shipped = await stage.slipway('ship');
    expect(shipped.out).toContain('live on production');
    expect((await stage.ask('/')).body).toMatchObject({ web: '1.1.0', backend: '1.1.0' });
    expect(idOf('shared-database-1')).toBe(databaseId);
    expect(running().filter((name) => name.includes('worker'))).toEqual(['r2-worker-1']);
    expect(visitors?.failures).toEqual([]);
  });

  it('a version that never becomes ready is taken back, and nobody sees it', async () => {
    stage.edit('src/backend.ts', (text) =>
      text.replace("'/ready': async () => {", "'/ready': async () => {\n    throw new Error('not yet');"),
    );
    stage.edit('slipway.yml', (text) => text.replace('deadline: 60s', 'deadline: 15s'));
    stage.commit('1.2.0');
    const shipped = await stage.slipway('ship');
    expect(shipped.code).not.toBe(0);
    expect(shipped.out).toMatch(/r3 .*not ready within 15/);
    expect((await stage.ask('/')).body).toMatchObject({ web: '1.1.0' });
    expect(running().filter((name) => name.startsWith('r3'))).toEqual([]);
    expect(visitors?.failures).toEqual([]);
    expect(visitors?.answers.has('1.2.0')).toBe(false);
    stage.edit('src/backend.ts', (text) => text.replace("\n    throw new Error('not yet');", ''));
    stage.edit('slipway.yml', (text) => text.replace('deadline: 15s', 'deadline: 60s'));
  });

  it('a server that is killed in the middle of a rollout goes on with it', async () => {
    await stage.setSecret('SESSION_KEY', 'second-session-key');
    stage.commit('1.3.0');
    const shipping = stage.slipway('ship', '--detach');
    expect((await shipping).code).toBe(0);
    for (let kills = 0; kills < 3; kills++) {
      await stage.untilStatus((text) => /r4\S* .*(preparing|starting|migrating|shifting|baking)/.test(text));
      for (const { pid } of processesOf(stage.home).filter(({ command }) => command.includes('server/main.')))
        signal(pid, 'SIGKILL');
      expect((await stage.slipway('up')).code).toBe(0);
    }
    await stage.untilStatus((text) => /notes\/production +r4 /.test(text) && !text.includes('Under way'));
    expect((await stage.ask('/')).body).toMatchObject({ web: '1.3.0', backend: '1.3.0' });
    expect(idOf('shared-database-1')).toBe(databaseId);
    expect(visitors?.failures).toEqual([]);
  });

  it('going back brings the whole stack back: images, and the secrets that it had', async () => {
    const now = (await stage.ask('/')).body['key'];
    const back = await stage.slipway('rollback', '--to', 'r2');
    expect(back.code, back.out + back.err).toBe(0);
    const { body } = await stage.ask('/');
    expect(body).toMatchObject({ web: '1.1.0', backend: '1.1.0' });
    expect(body['key']).not.toBe(now);
    expect(idOf('shared-database-1')).toBe(databaseId);
    expect(visitors?.failures).toEqual([]);
  });

  it('a database that somebody stopped is started again by a repair, with its data', async () => {
    await visitors?.stop();
    expect(visitors?.failures).toEqual([]);
    visitors = null;
    engine.docker('stop', 'slipway-notes-production-shared-database-1');
    const status = await stage.slipway('status');
    expect(status.out).toContain(
      'shared-database-1: it was stopped by hand; mend it: slipway repair production',
    );
    const repaired = await stage.slipway('repair', 'production');
    expect(repaired.code, repaired.out + repaired.err).toBe(0);
    expect(idOf('shared-database-1')).toBe(databaseId);
    expect((await stage.ask('/')).body).toMatchObject({ web: '1.1.0', notes: ['the first note'] });
  });

  it('a migration that breaks the version that serves is caught before traffic moves', async () => {
    stage.write('migrations/002-body.sql', 'alter table notes rename column text to body;\n');
    stage.edit('src/backend.ts', (text) => text.replace('select text from', 'select body as text from'));
    stage.edit('slipway.yml', (text) => text.replace('deadline: 60s', 'deadline: 15s'));
    stage.commit('2.0.0');
    const shipped = await stage.slipway('ship');
    expect(shipped.code).not.toBe(0);
    expect(shipped.out).toContain('checking');
    expect(running().filter((name) => name.startsWith('r6'))).toEqual([]);
  });

  it('logs, status and garbage collection know the containers', async () => {
    const status = await stage.slipway('status');
    expect(status.out).toMatch(/notes\/production +r5 /);
    expect(status.out).toContain('database');
    const logs = await stage.slipway('logs', 'production', '--process', 'backend', '-n', '50');
    expect(logs.out).toContain('listens on 4000');
    const collected = await stage.slipway('gc', '--dry-run');
    expect(collected.code, collected.err).toBe(0);
  });
});
