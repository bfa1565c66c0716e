import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  builtImageName,
  containerName,
  networkName,
  pullImage,
  volumeName,
  type Keep,
} from '../../src/targets/index.ts';
import { dockerInstall, lacksDocker, loadImages, startDockerd } from '../docker/index.ts';
import {
  answering,
  hookOf,
  openTarget,
  serviceOf,
  shell,
  targetForEach,
  type TargetRig,
} from '../docker/target-rig.ts';
import { lacks } from './support/component.ts';
import { registry, startRegistry } from './support/registry.ts';

const isReady = ({ probe }: { probe: unknown }) => probe === 'ready';
const patience = { timeout: 60_000 };
const forever = shell('exec sleep 1000');

describe.skipIf(lacksDocker())(`containers through kills and changes (missing? ${dockerInstall})`, () => {
  let rig: TargetRig;
  targetForEach((opened) => (rig = opened));

  /** What `docker network create` would refuse; takes the labels along. */
  const createTwin = async ({ Name, Labels }: { Name: string; Labels?: Record<string, string> }) => {
    const asked = request({
      socketPath: rig.url.slice('unix://'.length),
      path: '/networks/create',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    }).end(JSON.stringify({ Name, Labels, CheckDuplicate: false }));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(201);
  };
  const observeTask = () => rig.target.observeCommand(rig.scope, 'r1-migrate');
  const killAct = async (part: string) => {
    const act = await expect
      .poll(
        async () =>
          (await rig.supervisor.list(rig.scope)).find(({ id, pid }) => id.includes(part) && pid !== null)
            ?.pid ?? null,
        patience,
      )
      .not.toBeNull()
      .then(async () => (await rig.supervisor.list(rig.scope)).find(({ id }) => id.includes(part)));
    process.kill(-(act?.pid ?? 0), 'SIGKILL');
  };
  const keep = (change: Partial<Keep> = {}): Keep => ({
    scope: rig.scope,
    revisions: ['r1'],
    images: [],
    warnBelowPercent: 0,
    ...change,
  });

  it('two starts at once make one container, and a third finds it', async () => {
    const copy = await rig.copy(serviceOf('web', forever));
    await Promise.all([rig.target.start(copy, 1), rig.target.start(copy, 1), rig.target.start(copy, 1)]);
    await rig.seen('r1-web-1', isReady);
    const id = rig.docker('inspect', '-f', '{{.Id}}', containerName(rig.scope, 'r1-web-1'));
    await rig.target.start(copy, 1);
    expect(rig.docker('inspect', '-f', '{{.Id}}', containerName(rig.scope, 'r1-web-1'))).toBe(id);
    expect(await rig.target.observe(rig.scope, [])).toHaveLength(1);
    expect(
      rig
        .docker('network', 'ls', '-q', '-f', `name=^${networkName(rig.scope, 'default', 'r1')}$`)
        .split('\n'),
    ).toHaveLength(1);
  });

  it('of two networks with one name, which old engines make at times, the older one stays', async () => {
    const name = networkName(rig.scope, 'default', 'r1');
    const copy = await rig.copy(serviceOf('web', forever));
    await rig.target.start(copy, 1);
    const [first] = await rig.engine.networks.named(name);
    await createTwin(first!);
    expect(await rig.engine.networks.named(name)).toHaveLength(2);
    await rig.target.start({ ...copy, id: 'r1-web-2' }, 1);
    expect((await rig.engine.networks.named(name)).map(({ Id }) => Id)).toEqual([first!.Id]);
    await rig.seen('r1-web-2', isReady);
  });

  it('an owner with an older fence changes nothing', async () => {
    const copy = await rig.copy(serviceOf('web', forever));
    await rig.target.start(copy, 5);
    const stale = { code: 'supervisor/stale-fence' };
    await expect(rig.target.stop(rig.scope, copy.id, 4)).rejects.toMatchObject(stale);
    await expect(rig.target.start({ ...copy, id: 'r1-web-2' }, 4)).rejects.toMatchObject(stale);
    await expect(rig.target.repair(copy, 4)).rejects.toMatchObject(stale);
    await expect(
      rig.target.runCommand(await rig.task(serviceOf('migrate', forever), 'r1-migrate'), 4),
    ).rejects.toMatchObject(stale);
    await expect(rig.target.collect(keep({ revisions: [] }), 4)).rejects.toMatchObject(stale);
    expect((await rig.target.observe(rig.scope, [])).map(({ id }) => id)).toEqual(['r1-web-1']);
  });

  it('a task runs once for its key, tells its exit code and its words, until it is forgotten', async () => {
    const task = await rig.task(serviceOf('migrate', shell('echo migrated; exit 2')), 'r1-migrate');
    expect(await observeTask()).toEqual({ state: 'none' });
    await rig.target.runCommand(task, 1);
    const ended = { state: 'exited', code: 2, logTail: ['migrated'] };
    await expect.poll(observeTask, patience).toEqual(ended);
    await rig.target.runCommand({ ...task, environment: { NEWER: 'secret' } }, 2);
    expect(await observeTask()).toEqual(ended);
    expect(await rig.target.observe(rig.scope, [])).toEqual([]);
    await rig.target.forgetCommand(rig.scope, 'r1-migrate', 2);
    await expect.poll(observeTask, patience).toEqual({ state: 'none' });
  });

  it('a task goes on when everything that started it is killed, and runs once all the same', async () => {
    const line = 'echo begun; until [ -e /tmp/go ]; do sleep 0.1; done; echo done';
    const task = await rig.task(serviceOf('migrate', shell(line)), 'r1-migrate');
    await rig.target.runCommand(task, 1);
    await expect.poll(() => rig.target.readLog(rig.scope, 'r1-migrate', 5), patience).toEqual(['begun']);
    await killAct('~task/r1-migrate');
    await expect.poll(async () => (await rig.supervisor.list(rig.scope))[0]?.phase, patience).toBe('exited');
    expect(await observeTask()).toEqual({ state: 'running', logTail: [] });
    await rig.target.runCommand(task, 1);
    rig.docker('exec', containerName(rig.scope, 'r1-migrate'), 'touch', '/tmp/go');
    await expect
      .poll(observeTask, patience)
      .toEqual({ state: 'exited', code: 0, logTail: ['begun', 'done'] });
  });

  it('a task that runs is ended by its own signal in its own time, and leaves no secret behind', async () => {
    const line = `trap 'echo rolls back; until [ -e /tmp/go ]; do sleep 0.1; done; exit 0' USR1; echo begun; while true; do sleep 0.1; done`;
    const service = serviceOf('migrate', {
      ...shell(line),
      stopSignal: 'SIGUSR1',
      stopGraceMs: 600_000,
      readOnly: true,
      mounts: [
        { kind: 'tmpfs', target: '/tmp', sizeBytes: null, mode: null, options: [] },
      ] as unknown as ReturnType<typeof serviceOf>['mounts'],
    });
    const task = await rig.task(service, 'r1-migrate');
    const secret = { target: '/run/secrets/token', content: 'hunter2', mode: 0o400, uid: 0, gid: 0 };
    await rig.target.runCommand({ ...task, files: [secret] }, 1);
    const words = () => rig.target.readLog(rig.scope, 'r1-migrate', 5);
    await expect.poll(words, patience).toEqual(['begun']);
    const left = () => execFileSync('grep', ['-rls', 'hunter2', rig.home], { encoding: 'utf8' }).trim();
    expect(left()).toContain('r1-migrate.files/0');
    await rig.target.forgetCommand(rig.scope, 'r1-migrate', 1);
    await expect.poll(words, patience).toEqual(['begun', 'rolls back']);
    await rig.target.forgetCommand(rig.scope, 'r1-migrate', 1);
    expect(await observeTask()).toEqual({ state: 'running', logTail: [] });
    // Whoever kills the act leaves the rest to the next time it is asked for.
    await killAct('~end/r1-migrate');
    const forgotten = async () => {
      await rig.target.forgetCommand(rig.scope, 'r1-migrate', 1);
      return observeTask();
    };
    expect(await forgotten()).toEqual({ state: 'running', logTail: [] });
    rig.docker('exec', containerName(rig.scope, 'r1-migrate'), 'touch', '/tmp/go');
    await expect.poll(forgotten, patience).toEqual({ state: 'none' });
    expect(rig.docker('ps', '-aq', '-f', `name=${containerName(rig.scope, 'r1-migrate')}`)).toBe('');
    await expect.poll(() => rig.supervisor.list(rig.scope), patience).toEqual([]);
    expect(left).toThrow('grep');
  });

  it('a pre_start hook that has ended leaves no secret behind', async () => {
    const hooks = { preStart: [hookOf('exit 0')], postStart: [], preStop: [] };
    const service = serviceOf('web', { ...forever, readOnly: true, hooks });
    const secret = { target: '/run/secrets/token', content: 'hunter2', mode: 0o400, uid: 0, gid: 0 };
    await rig.target.start(await rig.copy(service, { files: [secret] }), 1);
    await rig.seen('r1-web-1', isReady);
    expect(rig.docker('ps', '-aq', '-f', 'name=pre-start')).not.toBe('');
    const left = execFileSync('find', [rig.home, '-name', '*.files'], { encoding: 'utf8' }).trim();
    expect(left.split('/').at(-1)).toBe(`${containerName(rig.scope, 'r1-web-1')}.files`);
    expect(left.split('\n')).toHaveLength(1);
  });

  it('a stop that was killed half-way is asked for again and ends', async () => {
    const service = serviceOf('web', {
      ...forever,
      hooks: {
        preStart: [],
        postStart: [],
        preStop: [hookOf('test -e /tmp/once && exit 0; touch /tmp/once; sleep 500')],
      },
    });
    await rig.target.start(await rig.copy(service), 1);
    await rig.seen('r1-web-1', isReady);
    await rig.target.stop(rig.scope, 'r1-web-1', 1);
    await rig.seen('r1-web-1', ({ phase }) => phase === 'stopping');
    await expect(rig.target.start(await rig.copy(service), 1)).rejects.toMatchObject({
      code: 'targets/still-stopping',
    });
    await expect
      .poll(() => rig.docker('exec', containerName(rig.scope, 'r1-web-1'), 'sh', '-c', 'ls /tmp'), patience)
      .toContain('once');
    await killAct('~stop/r1-web-1');
    await rig.seen('r1-web-1', ({ phase }) => phase === 'running');
    await rig.target.stop(rig.scope, 'r1-web-1', 1);
    await rig.gone('r1-web-1');
    await rig.target.start(await rig.copy(service), 1);
    await rig.seen('r1-web-1', isReady);
  });

  it('a copy that somebody renamed ends all the same, and one of somebody else under its name stays', async () => {
    const copy = await rig.copy(serviceOf('web', forever));
    await rig.target.start(copy, 1);
    await rig.seen('r1-web-1', isReady);
    const name = containerName(rig.scope, copy.id);
    rig.docker('rename', name, `${name}-old`);
    rig.docker('create', '--name', name, copy.image, 'true');
    onTestFinished(() => void rig.docker('rm', '-f', name));
    await rig.target.stop(rig.scope, copy.id, 1);
    await expect.poll(() => rig.target.observe(rig.scope, []), patience).toEqual([]);
    expect(rig.docker('ps', '-a', '--format', '{{.Names}}').split('\n')).toEqual(
      expect.arrayContaining([name]),
    );
    expect(rig.docker('ps', '-a', '--format', '{{.Names}}')).not.toContain(`${name}-old`);
  });

  it('what somebody changed by hand is told, and undone without a restart', async () => {
    const service = serviceOf('web', {
      ...answering(`response.end('ok');`),
      limits: { memoryBytes: 128 * 2 ** 20, cpus: null, pids: null },
    });
    const copy = await rig.copy(service);
    await rig.target.start(copy, 1);
    const before = await rig.seen('r1-web-1', isReady);
    expect(before.drift).toBeNull();
    const name = containerName(rig.scope, 'r1-web-1');
    const started = rig.docker('inspect', '-f', '{{.State.StartedAt}}', name);
    const network = networkName(rig.scope, 'default', 'r1');
    rig.docker('network', 'disconnect', network, name);
    rig.docker('network', 'create', '--label', `slipway.home=${rig.homeId}`, `${network}-other`);
    rig.docker('network', 'connect', `${network}-other`, name);
    rig.docker('update', '--memory', '256m', '--memory-swap', '512m', '--restart', 'no', name);
    rig.docker('pause', name);
    const changed = await rig.seen('r1-web-1', ({ drift }) => drift !== null);
    expect(changed.drift?.split('; ')).toEqual([
      `its memory limit was ${128 * 2 ** 20} and is ${256 * 2 ** 20}`,
      `it was disconnected from the network ${network}`,
      `it was connected to the network ${network}-other`,
      'its restart policy was unless-stopped and is no',
      'it was paused',
    ]);
    await rig.target.repair(copy, 1);
    const mended = await rig.seen('r1-web-1', ({ drift }) => drift === null, {
      check: { kind: 'http', path: '/' },
    });
    expect(mended).toMatchObject({ probe: 'ready', restarts: 0 });
    expect(rig.docker('inspect', '-f', '{{.State.StartedAt}}', name)).toBe(started);
    rig.docker('stop', '-t', '1', name);
    const stopped = await rig.seen('r1-web-1', ({ phase }) => phase === 'exited');
    expect(stopped.drift).toBe('it was stopped by hand');
    await rig.target.repair(copy, 1);
    await rig.seen('r1-web-1', isReady);
    rig.docker('rm', '-f', name);
    await rig.target.repair(copy, 1);
    await rig.seen('r1-web-1', isReady);
  });

  it('a shared database keeps what it has through its end and its next start, also without a named volume', async () => {
    const isUp = { check: { kind: 'command', command: 'pg_isready -h 127.0.0.1 -U postgres' } } as const;
    const service = serviceOf('db', { image: 'postgres:15', stopSignal: 'SIGINT', stopGraceMs: 30_000 });
    const copy = await rig.copy(service, {
      revision: 'shared',
      environment: { POSTGRES_PASSWORD: 'x', POSTGRES_DB: 'app' },
    });
    const name = containerName(rig.scope, 'shared-db-1');
    const sql = (text: string) =>
      rig.docker('exec', name, 'psql', '-U', 'postgres', '-d', 'app', '-Atc', text);
    await rig.target.start(copy, 1);
    await rig.seen('shared-db-1', isReady, isUp);
    sql('create table films (title text)');
    sql("insert into films values ('Metropolis')");
    await rig.target.stop(rig.scope, 'shared-db-1', 1);
    await rig.gone('shared-db-1');
    await rig.target.start(copy, 1);
    await rig.seen('shared-db-1', isReady, isUp);
    expect(sql('select title from films')).toBe('Metropolis');
    await rig.target.stop(rig.scope, 'shared-db-1', 1);
    await rig.gone('shared-db-1');
    rig.docker('volume', 'rm', volumeName(rig.scope, 'db-var-lib-postgresql-data'));
  });

  it('garbage is only what this home made and nothing needs', async () => {
    for (const revision of ['r1', 'r2'])
      await rig.target.start(await rig.copy(serviceOf('web', forever), { revision }), 1);
    const task = await rig.task(serviceOf('migrate', shell('exit 0')), 'r0-migrate');
    await rig.target.runCommand({ ...task, revision: 'r0' }, 1);
    await expect
      .poll(() => rig.target.observeCommand(rig.scope, 'r0-migrate'), patience)
      .toMatchObject({ state: 'exited', code: 0 });
    await rig.target.stop(rig.scope, 'r2-web-1', 1);
    await rig.gone('r2-web-1');
    // Beside it: somebody's container, network and image, and what they built on one of ours.
    const foreign = containerName(rig.scope, 'theirs');
    rig.docker('run', '-d', '--name', foreign, '--network', 'none', 'slipway-test/node', 'sleep', '1000');
    rig.docker('network', 'create', foreign);
    onTestFinished(() => {
      rig.docker('rm', '-f', foreign);
      rig.docker('network', 'rm', foreign);
    });
    const build = (text: string, ...names: string[]) =>
      execFileSync(
        '/usr/bin/docker',
        ['-H', rig.url, 'build', '-q', ...names.flatMap((name) => ['-t', name]), '-'],
        { input: text, encoding: 'utf8' },
      ).trim();
    const old = build(
      `FROM slipway-test/node\nLABEL slipway.home=${rig.homeId}\nRUN ["/bin/busybox", "dd", "if=/dev/zero", "of=/big", "bs=1M", "count=3"]`,
      builtImageName('app', 'old'),
    );
    const needed = build(
      `FROM slipway-test/node\nLABEL slipway.home=${rig.homeId} is=needed`,
      builtImageName('app', 'needed'),
    );
    build(`FROM slipway-test/node\nLABEL slipway.home=${rig.homeId} is=base`, builtImageName('app', 'base'));
    const derived = build(`FROM ${builtImageName('app', 'base')}\nLABEL is=theirs`, 'theirs/app:1');
    onTestFinished(() => {
      rig.docker('rmi', 'theirs/app:1', builtImageName('app', 'needed'));
    });
    const collected = await rig.target.collect(keep({ images: [needed] }), 1);
    expect(collected.containers).toEqual([containerName(rig.scope, 'r0-migrate')]);
    expect(collected.networks.toSorted()).toEqual(
      ['r0', 'r2'].map((revision) => networkName(rig.scope, 'default', revision)),
    );
    expect(collected.images.toSorted()).toEqual([
      builtImageName('app', 'base'),
      builtImageName('app', 'old'),
    ]);
    expect(collected.freedBytes).toBeGreaterThan(2 * 2 ** 20);
    expect(collected.warnings).toEqual([]);
    expect(rig.docker('image', 'ls', '-q', '--no-trunc')).toContain(needed);
    expect(rig.docker('image', 'ls', '-q', '--no-trunc')).toContain(derived);
    expect(rig.docker('image', 'ls', '-q', '--no-trunc')).not.toContain(old);
    expect(rig.docker('ps', '--format', '{{.Names}}')).toContain(foreign);
    expect(rig.docker('network', 'ls', '--format', '{{.Name}}')).toContain(foreign);
    expect((await rig.target.observe(rig.scope, [])).map(({ id }) => id)).toEqual(['r1-web-1']);
    const again = await rig.target.collect(keep({ images: [needed], warnBelowPercent: 100 }), 1);
    expect(again).toMatchObject({ containers: [], networks: [], images: [], freedBytes: 0 });
    expect(again.warnings.join()).toMatch(
      /^only [\d.]+ % of the disk of \/.* is free; the engine holds [\d.]+ GiB of images/,
    );
  });

  it.skipIf(lacks(registry))(
    `of pulled images only those go that this home brought and nobody uses (missing? ${registry.install})`,
    async () => {
      const started = await startRegistry();
      onTestFinished(() => started.stop());
      const { host } = started;
      const { engine, homeId } = rig;
      const build = (name: string) =>
        execFileSync('/usr/bin/docker', ['-H', rig.url, 'build', '-q', '-t', `${host}/${name}`, '-'], {
          input: `FROM scratch\nLABEL is=${name.replace(':', '-')}-${rig.homeId}`,
          encoding: 'utf8',
        });
      const push = (name: string) => {
        build(name);
        rig.docker('push', '-q', `${host}/${name}`);
        rig.docker('rmi', `${host}/${name}`);
      };
      for (const name of ['gone:1', 'moves:1', 'kept:1', 'theirs:1', 'named:1', 'used:1', 'digest:1'])
        push(name);
      const names = () =>
        rig
          .docker('images', '--digests', '--format', '{{.Repository}}:{{.Tag}}')
          .split('\n')
          .filter((name) => name.startsWith(host))
          .map((name) => name.slice(host.length + 1))
          .toSorted();
      const pull = async (name: string) => (await pullImage({ engine, homeId }, `${host}/${name}`))?.Id ?? '';

      rig.docker('pull', '-q', `${host}/theirs:1`);
      await pull('theirs:1');
      await pull('gone:1');
      const first = await pull('moves:1');
      const kept = await pull('kept:1');
      await pull('named:1');
      rig.docker('tag', `${host}/named:1`, `${host}/mine:1`);
      await pull('used:1');
      const container = rig.docker('create', `${host}/used:1`, 'nothing');
      rig.docker('pull', '-q', `${host}/digest:1`);
      const [digest = ''] = (await engine.images.inspect(`${host}/digest:1`))?.RepoDigests ?? [];
      rig.docker('rmi', `${host}/digest:1`);
      await pull(digest.slice(host.length + 1));
      // The name leads to a newer image now: that is needed, and the one before is not.
      build('moves:1');
      execFileSync('/usr/bin/docker', ['-H', rig.url, 'build', '-q', '-t', `${host}/moves:1`, '-'], {
        input: `FROM scratch\nLABEL is=newer-${rig.homeId}`,
      });
      rig.docker('push', '-q', `${host}/moves:1`);
      rig.docker('tag', first, `${host}/moves:1`);
      const second = await pull('moves:1');
      expect(second).not.toBe(first);

      const needed = keep({ images: [kept, second] });
      const collected = await rig.target.collect(needed, 1);
      const shown = collected.images.map((name) => name.slice(host.length + 1).replace(/@.*/, ''));
      expect(shown.toSorted()).toEqual(['digest', 'gone:1', 'moves']);
      expect(names()).toEqual(['kept:1', 'mine:1', 'moves:1', 'named:1', 'theirs:1', 'used:1']);
      expect(await engine.images.inspect(first)).toBeNull();
      expect(await rig.target.collect(needed, 1)).toMatchObject({ images: [] });

      rig.docker('rm', container);
      rig.docker('rmi', `${host}/mine:1`);
      const rest = await rig.target.collect(keep({ images: [] }), 1);
      expect(rest.images.toSorted()).toEqual(
        ['kept:1', 'moves:1', 'named:1', 'used:1'].map((name) => `${host}/${name}`),
      );
      expect(names()).toEqual(['theirs:1']);
      rig.docker('rmi', `${host}/theirs:1`);
      expect(rig.docker('images', '-q', 'slipway/pulled')).toBe('');
    },
  );

  it('a missing image is told, and comes from the engine that has it', async () => {
    const other = await startDockerd();
    onTestFinished(() => other.stop());
    const id = rig.docker('image', 'inspect', '-f', '{{.Id}}', 'redis:7');
    const there = await openTarget(other.url);
    onTestFinished(() => there.close());
    const networks = (await there.copy(serviceOf('web'))).networks;
    const logFile = `${there.home}/prepare.log`;
    const preparation = {
      scope: there.scope,
      revision: 'r1',
      images: [{ id, digest: null, name: 'redis:7' }],
      networks,
      imagesFrom: null,
      logFile,
    };
    const prepared = () => there.target.observePrepared(preparation);
    expect(await prepared()).toBe('none');
    await there.target.prepare(preparation, 1);
    await expect.poll(prepared, patience).toMatchObject({
      failed: `the image of redis:7, ${id.slice(0, 19)}, is not on this engine and cannot be had`,
    });
    await there.target.prepare({ ...preparation, imagesFrom: rig.url }, 1);
    await expect.poll(prepared, patience).toBe('done');
    expect(await there.engine.images.inspect(id)).not.toBeNull();
    expect(await there.engine.networks.named(networkName(there.scope, 'default', 'r1'))).toHaveLength(1);
    // The next revision needs its networks alone, which are there when the call returns.
    const next = { ...preparation, revision: 'r2' };
    expect(await there.target.observePrepared(next)).toBe('none');
    await there.target.prepare(next, 2);
    expect(await there.target.observePrepared(next)).toBe('done');
    await expect(there.target.prepare({ ...next, revision: 'r3' }, 1)).rejects.toMatchObject({
      code: 'supervisor/stale-fence',
    });
    expect(await there.target.observePrepared({ ...next, revision: 'r3' })).toBe('none');
  });

  it('copies outlive a killed engine, and come back by themselves where they did not', async () => {
    for (const liveRestore of [true, false]) {
      const own = await startDockerd({ liveRestore });
      onTestFinished(() => own.stop());
      loadImages(own, ['node']);
      const there = await openTarget(own.url);
      onTestFinished(() => there.close());
      await there.target.start(await there.copy(serviceOf('web', answering(`response.end('ok');`))), 1);
      const web = await there.seen('r1-web-1', isReady, { check: { kind: 'http', path: '/' } });
      await own.pause(liveRestore ? 'SIGKILL' : 'SIGTERM');
      await expect(there.target.observe(there.scope, [])).rejects.toMatchObject({ code: 'docker/no-socket' });
      if (liveRestore) expect((await fetch(`http://${web.host}:8080/`)).status).toBe(200);
      await own.resume();
      const back = await there.seen('r1-web-1', isReady, { check: { kind: 'http', path: '/' } });
      expect(back.drift).toBeNull();
    }
  });
});
