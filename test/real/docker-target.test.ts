import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containerName, networkName } from '../../src/targets/index.ts';
import { dockerInstall, lacksDocker } from '../docker/index.ts';
import {
  answering,
  hookOf,
  serviceOf,
  shell,
  somewhere,
  targetForEach,
  type TargetRig,
} from '../docker/target-rig.ts';

const failedWith =
  (text: string) =>
  ({ probe }: { probe: unknown }) =>
    typeof probe === 'object' && (probe as { failed: string }).failed.includes(text);
const isReady = ({ probe }: { probe: unknown }) => probe === 'ready';
const http = { check: { kind: 'http', path: '/ready' } } as const;

describe.skipIf(lacksDocker())(`containers as copies (missing? ${dockerInstall})`, () => {
  let rig: TargetRig;
  targetForEach((opened) => (rig = opened));

  const inspect = async (id: string) => {
    const container = await rig.engine.containers.inspect(containerName(rig.scope, id));
    if (!container) throw new Error(`no container of ${id}`);
    return container;
  };

  it('a copy becomes ready when it says so, at the address of its container, and is gone after a stop', async () => {
    const service = serviceOf(
      'web',
      answering(`
      const { existsSync } = require('node:fs');
      const ready = existsSync('/tmp/ready');
      response.writeHead(ready ? 200 : 503).end(ready ? 'ok' : 'warming up');`),
    );
    await rig.target.start(await rig.copy(service, { port: 8080 }), 1);
    const warming = await rig.seen('r1-web-1', failedWith('answered 503: warming up'), http);
    expect(warming.logTail).toEqual(['listening']);
    await rig.engine.containers.exec(containerName(rig.scope, 'r1-web-1'), {
      command: ['touch', '/tmp/ready'],
      timeoutMs: 30_000,
    });
    const ready = await rig.seen('r1-web-1', isReady, http);
    expect(ready).toMatchObject({
      revision: 'r1',
      process: 'web',
      phase: 'running',
      port: 8080,
      restarts: 0,
      drift: null,
      logTail: [],
    });
    expect(await (await fetch(`http://${ready.host}:8080/`)).text()).toBe('ok');
    await rig.target.stop(rig.scope, 'r1-web-1', 1);
    await rig.gone('r1-web-1');
    expect(await rig.engine.containers.inspect(containerName(rig.scope, 'r1-web-1'))).toBeNull();
  });

  it('a redirect is not followed, so no copy can send a probe to another host', async () => {
    const service = serviceOf(
      'web',
      answering(`response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();`),
    );
    await rig.target.start(await rig.copy(service), 1);
    await rig.seen('r1-web-1', failedWith('answered 302'), http);
  });

  it('the healthcheck of the container decides before any probe, with what it printed', async () => {
    const healthcheck = {
      disable: false,
      test: ['CMD-SHELL', 'test -e /tmp/well || { echo "no well yet"; exit 1; }'],
      intervalMs: 200,
      timeoutMs: 10_000,
      startPeriodMs: null,
      startIntervalMs: null,
      retries: 2,
    } as const;
    const service = serviceOf('web', {
      ...answering(`response.end('ok');`),
      healthcheck: { ...healthcheck, test: [...healthcheck.test] },
    });
    await rig.target.start(await rig.copy(service), 1);
    const sick = await rig.seen('r1-web-1', failedWith('its healthcheck fails'), http);
    expect(sick.probe).toMatchObject({ failed: expect.stringContaining('no well yet') as string });
    expect(sick.logTail.at(-1)).toContain('no well yet');
    rig.docker('exec', containerName(rig.scope, 'r1-web-1'), 'touch', '/tmp/well');
    await rig.seen('r1-web-1', isReady, http);
  });

  it('a healthcheck that Docker runs once an hour answers now, and anew at each moment', async () => {
    const healthcheck = {
      disable: false,
      test: ['CMD', 'sh', '-c', 'test ! -e /tmp/ill || { echo "no such column"; exit 1; }'],
      intervalMs: 3_600_000,
      timeoutMs: 10_000,
      startPeriodMs: null,
      startIntervalMs: null,
      retries: 2,
    };
    await rig.target.start(await rig.copy(serviceOf('api', { ...shell('exec sleep 1000'), healthcheck })), 1);
    await rig.seen('r1-api-1', isReady, { moment: 'before the migration' });
    rig.docker('exec', containerName(rig.scope, 'r1-api-1'), 'touch', '/tmp/ill');
    await rig.seen('r1-api-1', isReady, { moment: 'before the migration' });
    const ill = await rig.seen('r1-api-1', (copy) => !isReady(copy), { moment: 'after it' });
    expect(ill.probe).toEqual({
      failed: 'its healthcheck has not passed yet: no such column',
      undecided: true,
    });
  });

  it('a command inside the container may decide, and one that hangs is ended', async () => {
    await rig.target.start(await rig.copy(serviceOf('web', shell('exec sleep 1000'))), 1);
    const command = (text: string, probeTimeoutMs = 20_000) => ({
      check: { kind: 'command', command: text } as const,
      probeTimeoutMs,
    });
    await rig.seen('r1-web-1', isReady, command('test -d /tmp'));
    await rig.seen(
      'r1-web-1',
      failedWith('"echo sorry; exit 3" ended with exit code 3: sorry'),
      command('echo sorry; exit 3'),
    );
    await rig.seen('r1-web-1', failedWith('did not end within 1000 ms'), command('exec sleep 500', 1000));
    await expect
      .poll(() => rig.docker('top', containerName(rig.scope, 'r1-web-1')), { timeout: 60_000 })
      .not.toContain('sleep 500');
  });

  it('a copy that crashes is started again, and shows its exit code and the end of its log', async () => {
    await rig.target.start(await rig.copy(serviceOf('web', shell('echo "no database" >&2; exit 12'))), 1);
    const crashed = await rig.seen('r1-web-1', failedWith('it ended with exit code 12'));
    expect(crashed.exitCode).toBe(12);
    expect(crashed.logTail.at(-1)).toBe('no database');
    await rig.seen('r1-web-1', ({ restarts }) => restarts >= 2);
  });

  it('a copy that the kernel killed for want of memory says so, with its limit', async () => {
    const hungry = `const kept = []; for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1));`;
    const service = serviceOf('web', {
      command: ['node', '-e', hungry],
      limits: { memoryBytes: 64 * 2 ** 20, cpus: null, pids: null },
    });
    await rig.target.start(await rig.copy(service), 1);
    const killed = await rig.seen('r1-web-1', failedWith('it ran out of memory'));
    expect(killed.probe).toEqual({
      failed: 'it ran out of memory and was killed by the kernel, its limit is 64 MiB',
    });
    expect(killed.logTail.at(-1)).toContain('ran out of memory');
  });

  it('secrets are files for one user alone, and no inspection shows them', async () => {
    const service = serviceOf('web', {
      ...shell(
        'id -u; cat /run/secrets/key /etc/app.conf; stat -c "%a %u %g" /run/secrets/key; exec sleep 1000',
      ),
      user: '1000:1000',
    });
    const files = [
      { target: '/run/secrets/key', content: 'hunter2-secret\n', mode: 0o400, uid: 1000, gid: 1000 },
      { target: '/etc/app.conf', content: 'colour=blue\n', mode: 0o444, uid: 0, gid: 0 },
    ];
    await rig.target.start(await rig.copy(service, { files }), 1);
    await rig.seen('r1-web-1', ({ phase }) => phase === 'running');
    await expect
      .poll(() => rig.target.readLog(rig.scope, 'r1-web-1', 10), { timeout: 60_000 })
      .toEqual(['1000', 'hunter2-secret', 'colour=blue', '400 1000 1000']);
    expect(JSON.stringify(await inspect('r1-web-1'))).not.toContain('hunter2');
  });

  it('a container that may not write gets its files, too', async () => {
    const service = serviceOf('web', {
      ...shell('cat /run/secrets/key; touch /x || echo read-only; exec sleep 1000'),
      readOnly: true,
    });
    const files = [{ target: '/run/secrets/key', content: 'hunter2-secret\n', mode: 0o400, uid: 0, gid: 0 }];
    await rig.target.start(await rig.copy(service, { files }), 1);
    await expect
      .poll(async () => (await rig.target.readLog(rig.scope, 'r1-web-1', 10)).join(' '), { timeout: 60_000 })
      .toMatch(/hunter2-secret.*read-only/);
    expect(JSON.stringify(await inspect('r1-web-1'))).not.toContain('hunter2');
  });

  it('what the Compose file says of a container is what the engine does', async () => {
    rig.releaseFile('conf/app.txt', 'from the commit\n');
    rig.releaseFile('uploads/.gitkeep', '');
    const service = serviceOf('web', {
      ...shell('cat /conf/app.txt /data/x 2>/dev/null; exec sleep 1000'),
      user: '1000',
      workingDir: '/tmp',
      hostname: 'front',
      capAdd: ['NET_BIND_SERVICE'],
      capDrop: ['ALL'],
      securityOpt: ['no-new-privileges:true'],
      ulimits: { nofile: { soft: 1000, hard: 2000 } },
      sysctls: { 'net.core.somaxconn': '512' },
      init: true,
      stopSignal: 'SIGUSR1',
      stopGraceMs: 7000,
      limits: { memoryBytes: 128 * 2 ** 20, cpus: 0.5, pids: 50 },
      restart: { policy: 'on-failure', maxRetries: 4 },
      logging: { driver: 'json-file', options: { 'max-size': '1m' } },
      labels: { team: 'media' },
      extraHosts: ['upstream:10.0.0.7'],
      shmSizeBytes: 32 * 2 ** 20,
      mounts: [
        {
          kind: 'bind',
          source: './conf',
          target: '/conf',
          readOnly: false,
          createHostPath: true,
          propagation: null,
          selinux: null,
          at: somewhere,
        },
        {
          kind: 'bind',
          source: './uploads',
          target: '/uploads',
          readOnly: false,
          createHostPath: true,
          propagation: null,
          selinux: null,
          at: somewhere,
        },
        {
          kind: 'volume',
          source: 'media',
          target: '/media',
          readOnly: true,
          noCopy: true,
          subpath: null,
          at: somewhere,
        },
        {
          kind: 'tmpfs',
          target: '/scratch',
          sizeBytes: 1_048_576,
          mode: 0o1777,
          options: ['noexec'],
          at: somewhere,
        },
      ],
    });
    await rig.target.start(
      await rig.copy(service, {
        volumes: { media: { name: null, external: false, driver: null, driverOptions: {}, labels: {} } },
      }),
      1,
    );
    const { Config, HostConfig, Mounts } = await inspect('r1-web-1');
    expect(Config).toMatchObject({
      User: '1000',
      WorkingDir: '/tmp',
      Hostname: 'front',
      StopSignal: 'SIGUSR1',
      StopTimeout: 7,
    });
    expect(Config.Labels).toMatchObject({
      team: 'media',
      'slipway.scope': rig.scope,
      'slipway.instance': 'r1-web-1',
      'slipway.revision': 'r1',
    });
    expect(HostConfig).toMatchObject({
      CapAdd: [expect.stringMatching(/NET_BIND_SERVICE/)],
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Ulimits: [{ Name: 'nofile', Soft: 1000, Hard: 2000 }],
      Sysctls: { 'net.core.somaxconn': '512' },
      Init: true,
      Memory: 128 * 2 ** 20,
      NanoCpus: 5e8,
      PidsLimit: 50,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 4 },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      ExtraHosts: ['upstream:10.0.0.7'],
      ShmSize: 32 * 2 ** 20,
      Tmpfs: { '/scratch': 'size=1048576,mode=1777,noexec' },
    });
    const places = Object.fromEntries(
      Mounts.map((mount) => [mount.Destination, [mount.Name ?? mount.Source, mount.RW]]),
    );
    expect(places).toEqual({
      '/conf': [join(rig.home, 'release/conf'), false],
      '/uploads': [join(rig.home, 'binds/uploads'), true],
      '/media': [`slipway-${rig.scope.replace('/', '-')}_media`, false],
    });
    await expect
      .poll(() => rig.target.readLog(rig.scope, 'r1-web-1', 10), { timeout: 60_000 })
      .toEqual(['from the commit']);
    const seen = await rig.seen('r1-web-1', ({ phase }) => phase === 'running');
    expect(seen.drift).toBeNull();
    rig.docker('rm', '-f', containerName(rig.scope, 'r1-web-1'));
    rig.docker('volume', 'rm', `slipway-${rig.scope.replace('/', '-')}_media`);
  });

  it('each revision reaches the backend of its own, side by side, and both the one shared service', async () => {
    const say = (name: string) => answering(`response.end('${name}');`);
    for (const revision of ['r1', 'r2'])
      await rig.target.start(
        await rig.copy(serviceOf('backend', say(`backend of ${revision}`)), { revision }),
        1,
      );
    await rig.target.start(await rig.copy(serviceOf('store', say('the store')), { revision: 'shared' }), 1);
    const ask = `for host in backend store; do until wget -q -O - http://$host:8080/; do sleep 0.2; done; echo; done; exec sleep 1000`;
    for (const revision of ['r1', 'r2'])
      await rig.target.start(await rig.copy(serviceOf('web', shell(ask)), { revision }), 1);
    for (const revision of ['r1', 'r2']) {
      const answers = async () =>
        (await rig.target.readLog(rig.scope, `${revision}-web-1`, 20)).filter(
          (line) => !line.includes('wget'),
        );
      await expect.poll(answers, { timeout: 60_000 }).toEqual([`backend of ${revision}`, 'the store']);
    }
    expect(Object.keys((await inspect('shared-store-1')).NetworkSettings.Networks)).toEqual([
      networkName(rig.scope, 'default', null),
    ]);
  });

  it('hooks run before the first start of a revision, after a start and before a stop', async () => {
    const binds = join(rig.home, 'binds/diary');
    mkdirSync(binds, { recursive: true });
    const diary = {
      kind: 'bind',
      source: './diary',
      target: '/diary',
      readOnly: false,
      createHostPath: true,
      propagation: null,
      selinux: null,
      at: somewhere,
    } as const;
    const service = serviceOf('web', {
      ...shell('echo main >> /diary/text; trap "exit 0" TERM; sleep 1000 & wait'),
      mounts: [diary],
      hooks: {
        preStart: [hookOf('echo before >> /diary/text')],
        postStart: [hookOf('echo after >> /diary/after')],
        preStop: [hookOf('echo end >> /diary/text')],
      },
    });
    await rig.target.start(await rig.copy(service), 1);
    await rig.seen('r1-web-1', isReady);
    expect(
      rig
        .docker('exec', containerName(rig.scope, 'r1-web-1'), 'cat', '/diary/text', '/diary/after')
        .split('\n'),
    ).toEqual(['before', 'main', 'after']);
    await rig.target.start(await rig.copy(service, { id: 'r1-web-2' }), 1);
    await rig.seen('r1-web-2', isReady);
    await rig.target.stop(rig.scope, 'r1-web-1', 1);
    await rig.gone('r1-web-1');
    expect(
      rig.docker('exec', containerName(rig.scope, 'r1-web-2'), 'cat', '/diary/text').split('\n'),
    ).toEqual(['before', 'main', 'main', 'end']);
  });

  it('a pre_start hook ends with the start that it belongs to, and one that has ended well is not run again', async () => {
    const hooks = {
      preStart: [hookOf('exit 0'), hookOf('trap "exit 0" TERM; sleep 1000 & wait')],
      postStart: [],
      preStop: [],
    };
    const hook = (index: number) => containerName(rig.scope, `r1-web-pre-start-${index}`);
    const state = (name: string) => rig.docker('ps', '-a', '--format', '{{.State}}', '-f', `name=${name}$`);
    await rig.target.start(await rig.copy(serviceOf('web', { ...shell('exec sleep 1000'), hooks })), 1);
    await expect.poll(() => state(hook(2)), { timeout: 60_000 }).toBe('running');
    await rig.target.stop(rig.scope, 'r1-web-1', 1);
    await rig.gone('r1-web-1');
    expect([state(hook(1)), state(hook(2))]).toEqual(['exited', '']);
  });

  it('a hook that fails keeps the copy from being ready, with its words', async () => {
    const hooks = { preStart: [hookOf('echo "cannot prepare"; exit 4')], postStart: [], preStop: [] };
    await rig.target.start(await rig.copy(serviceOf('web', { ...shell('exec sleep 1000'), hooks })), 1);
    const failed = await rig.seen('r1-web-1', ({ phase }) => phase === 'exited');
    expect(failed.probe).toMatchObject({
      failed: expect.stringContaining('ended with exit code 4') as string,
    });
    expect(failed.logTail).toContain('cannot prepare');
    await rig.target.stop(rig.scope, 'r1-web-1', 1);
    await rig.gone('r1-web-1');
  });

  it('an image that is gone, a port that is taken and a name of somebody else are named', async () => {
    const web = serviceOf('web', shell('exec sleep 1000'));
    await expect(
      rig.target.start(await rig.copy(web, { image: `sha256:${'a'.repeat(64)}` }), 1),
    ).rejects.toMatchObject({ code: 'docker/not-found' });
    expect(await rig.target.observe(rig.scope, [])).toEqual([]);
    const name = containerName(rig.scope, 'r1-web-1');
    rig.docker('create', '--name', name, 'slipway-test/node');
    await expect(rig.target.start(await rig.copy(web), 1)).rejects.toMatchObject({
      code: 'targets/name-taken',
      help: `rename or remove it: docker rename ${name} old-${name}`,
    });
    rig.docker('rm', name);
    const server = (await import('node:net')).createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const publish = [
      { target: 8080, published: port, hostIp: null, protocol: 'tcp', at: somewhere } as const,
    ];
    await expect(rig.target.start(await rig.copy(web, { publish }), 1)).rejects.toMatchObject({
      code: 'docker/port-taken',
    });
    server.close();
    expect(await rig.engine.containers.inspect(name)).toBeNull();
  });

  it('a published port of a shared service answers on the loopback alone', async () => {
    const publish = [
      { target: 8080, published: null, hostIp: null, protocol: 'tcp', at: somewhere } as const,
    ];
    await rig.target.start(
      await rig.copy(serviceOf('store', answering(`response.end('kept');`)), { revision: 'shared', publish }),
      1,
    );
    await rig.seen('shared-store-1', isReady, http);
    const [binding] = (await inspect('shared-store-1')).NetworkSettings.Ports['8080/tcp'] ?? [];
    expect(binding?.HostIp).toBe('127.0.0.1');
    expect(await (await fetch(`http://127.0.0.1:${binding?.HostPort}/`)).text()).toBe('kept');
  });
});
