import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openEngine, type BuildRequest, type Engine } from '../../src/docker/index.ts';
import { dockerInstall, lacksDocker, sharedDockerd } from '../docker/index.ts';
import { until } from '../rig/index.ts';
import { lacks } from './support/component.ts';
import { registry, startRegistry } from './support/registry.ts';
import { sshd, startSshd } from './support/sshd.ts';
import { containerLabel } from '../../src/targets/index.ts';
import { HealthWatch } from '../../src/wiring/health-watch.ts';

describe.skipIf(lacksDocker())(`a client of Docker Engines (missing? ${dockerInstall})`, () => {
  let url: string;
  let engine: Engine;
  let folder: string;

  beforeAll(async () => {
    url = await sharedDockerd();
    engine = openEngine(url);
    folder = mkdtempSync(join(tmpdir(), 'slipway-engine-'));
    // Debian's command, which builds with BuildKit by itself; a newer one elsewhere in the PATH may not.
    process.env['PATH'] = `/usr/bin:${process.env['PATH']}`;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const docker = (...words: string[]) =>
    execFileSync('/usr/bin/docker', ['-H', url, ...words], { encoding: 'utf8' }).trim();
  const build = (files: Record<string, string>, change: Partial<BuildRequest> = {}): Promise<string> => {
    const context = mkdtempSync(join(folder, 'context-'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(context, path, '..'), { recursive: true });
      writeFileSync(join(context, path), text);
    }
    return engine.build({
      context,
      dockerfile: join(context, 'Dockerfile'),
      inline: null,
      args: {},
      target: null,
      labels: {},
      tags: [],
      cacheFrom: [],
      noCache: false,
      pull: false,
      network: 'none',
      platform: null,
      shmSizeBytes: null,
      extraHosts: [],
      contexts: {},
      secrets: [],
      logFile: join(folder, 'build.log'),
      timeoutMs: 120_000,
      ...change,
    });
  };

  it('tells its version, its disk and what happens', async () => {
    await engine.ping();
    const info = await engine.info();
    expect(info).toMatchObject({
      operatingSystem: expect.stringContaining('Linux') as string,
      liveRestore: false,
    });
    expect((await engine.diskUse()).imagesBytes).toBeGreaterThan(1_000_000);
    expect(await engine.freePercent()).toBeGreaterThan(0);
    const leaving = new AbortController();
    const events = engine.events({ type: ['container'], event: ['create'] }, leaving.signal);
    const next = events.next();
    const name = `slipway-event-${process.pid}`;
    await until('an event', async () => {
      await engine.containers.create(name, { Image: 'slipway-test/node' });
      await engine.containers.remove(name);
      return Promise.race([
        next.then(() => true),
        new Promise<boolean>((done) => setTimeout(() => done(false), 200)),
      ]);
    });
    expect((await next).value).toMatchObject({ Action: 'create', Actor: { Attributes: { name } } });
    leaving.abort();
  });

  it('has the environment of a copy looked at when the engine calls it healthy', async () => {
    const homeId = `home-${process.pid}`;
    const looked = Promise.withResolvers<string>();
    const watch = new HealthWatch({ engine, homeId }, async (scope) => looked.resolve(scope));
    onTestFinished(() => watch.close());
    watch.follow();
    const name = `slipway-healthy-${process.pid}`;
    onTestFinished(() => engine.containers.remove(name));
    await engine.containers.create(name, {
      Image: 'slipway-test/node',
      Cmd: ['sleep', '600'],
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
      Labels: { [containerLabel.home]: homeId, [containerLabel.scope]: 'shop/production' },
    });
    await engine.containers.start(name);
    expect(await looked.promise).toBe('shop/production');
  });

  it('builds a folder without what .dockerignore names, with arguments, labels and a secret that stays out', async () => {
    const id = await build(
      {
        Dockerfile: [
          'FROM slipway-test/node',
          'ARG colour',
          'COPY . /app/',
          'RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /app/size; echo $colour > /app/colour',
        ].join('\n'),
        '.dockerignore': 'node_modules\n*.log',
        'index.js': '1',
        'node_modules/x/index.js': '2',
        'debug.log': '3',
      },
      {
        args: { colour: 'blue' },
        labels: { team: 'media' },
        tags: ['slipway/engine-test:1'],
        secrets: [{ id: 'token', content: 'hunter2' }],
      },
    );
    onTestFinished(() => void engine.images.remove('slipway/engine-test:1'));
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect((await engine.images.inspect('slipway/engine-test:1'))?.Id).toBe(id);
    const shown = docker(
      'run',
      '--rm',
      '--network',
      'none',
      id,
      'sh',
      '-c',
      'ls /app; cat /app/colour /app/size',
    );
    expect(shown.split('\n')).toEqual(['Dockerfile', 'colour', 'index.js', 'size', 'blue', '7']);
    expect(JSON.stringify(await engine.images.inspect(id))).not.toContain('hunter2');
    expect(readFileSync(join(folder, 'build.log'), 'utf8')).toContain('COPY . /app/');
  });

  it('builds from a Dockerfile that is a text, and says what a failing step printed', async () => {
    const inline = 'FROM slipway-test/node\nCOPY a.txt /a.txt\nRUN cat /a.txt && false';
    await expect(build({ 'a.txt': 'so far so good' }, { dockerfile: null, inline })).rejects.toMatchObject({
      code: 'docker/build-failed',
      notes: expect.arrayContaining([expect.stringContaining('so far so good')]) as string[],
    });
  });

  it('reaches an engine through ssh, by the settings of ssh, and says what ssh said when it cannot', async () => {
    if (lacks(sshd)) return;
    const server = await startSshd(join(folder, 'ssh'), { DOCKER_HOST: url, PATH: '/usr/bin:/bin' });
    onTestFinished(() => server.stop());
    const far = openEngine('ssh://vps', { ssh: join(server.clientPath, 'ssh') });
    expect((await far.info()).dataDirectory).toBe((await engine.info()).dataDirectory);
    const name = `slipway-ssh-${process.pid}`;
    await far.containers.create(name, {
      Image: 'slipway-test/node',
      Cmd: ['sh', '-c', 'echo far; exec sleep 1000'],
      HostConfig: { NetworkMode: 'none' },
    });
    await far.containers.start(name);
    let said = '';
    expect(
      await far.containers.exec(name, {
        command: ['sh', '-c', 'echo inside; exit 7'],
        timeoutMs: 60_000,
        onOutput: (text) => (said += String(text)),
      }),
    ).toBe(7);
    expect(said).toBe('inside\n');
    expect(await far.containers.logTail(name, 5)).toEqual(['far']);
    expect(await far.freePercent()).toBeNull();
    await far.containers.remove(name);
    const client = join(import.meta.dirname, '../../src/docker/index.ts');
    const script = `const { openEngine } = await import(${JSON.stringify(client)});
      await openEngine('ssh://vps', { ssh: ${JSON.stringify(join(server.clientPath, 'ssh'))} }).ping(); console.log('pong');`;
    const words = ['--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 })).toBe('pong\n');
    const nowhere = openEngine('ssh://elsewhere.invalid', { ssh: join(server.clientPath, 'ssh') });
    await expect(nowhere.ping()).rejects.toMatchObject({
      code: 'docker/ssh-failed',
      notes: [expect.stringContaining('elsewhere.invalid') as string],
      help: 'try it by hand as the user of the server: ssh elsewhere.invalid docker version',
    });
  });

  it('a machine where ssh finds no docker command is told what it lacks', async () => {
    const ssh = join(folder, 'no-docker-ssh');
    writeFileSync(ssh, '#!/bin/sh\necho "sh: 1: docker: not found" >&2\nexit 127\n');
    chmodSync(ssh, 0o755);
    await expect(openEngine('ssh://ana@bare', { ssh }).ping()).rejects.toMatchObject({
      code: 'docker/ssh-failed',
      notes: ['sh: 1: docker: not found'],
      help: 'the docker command must be in the PATH of that user over there, version 18.09 or newer',
    });
  });

  it('an engine that never answers is given up on, with what was asked', async () => {
    const socket = join(folder, 'silent.sock');
    const silent = createServer(() => {}).listen(socket);
    onTestFinished(() => void silent.close());
    const { engineCalls } = await import('../../src/docker/call.ts');
    const asking = engineCalls(`unix://${socket}`, 'ssh').ask({
      asked: 'describe itself',
      method: 'GET',
      path: '/info',
      timeoutMs: 300,
    });
    await expect(asking).rejects.toMatchObject({
      code: 'docker/not-answering',
      message: 'the engine has not answered within 0.3 s when asked to describe itself',
    });
  });

  it('pulls by digest, and says why a pull fails', async () => {
    await expect(engine.images.pull('127.0.0.1:1/nothing:1')).rejects.toMatchObject({
      code: 'docker/pull-failed',
      message: expect.stringContaining('connection refused') as string,
    });
    if (lacks(registry)) return;
    const started = await startRegistry();
    onTestFinished(() => started.stop());
    const { host } = started;
    const name = `${host}/redis:7`;
    await engine.images.tag('redis:7', name);
    docker('push', '-q', name);
    const id = (await engine.images.inspect(name))?.Id;
    const digest =
      (await engine.images.inspect(name))?.RepoDigests.find((one) => one.startsWith('127.0.0.1')) ?? '';
    await engine.images.remove(name);
    const lines: string[] = [];
    expect(await engine.images.pull(digest, { onLine: (line) => lines.push(line) })).toBe(id);
    expect(lines.join('\n')).toContain('Digest: sha256:');
    await engine.images.remove(digest);
    await expect(engine.images.pull(`${host}/redis:8`)).rejects.toMatchObject({
      message: expect.stringMatching(/could not pull the image .*redis:8: .*(unknown|not found)/) as string,
    });
  });
});
