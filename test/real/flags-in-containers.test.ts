import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectServer } from '../../src/server/index.ts';
import { dockerInstall, lacksDocker, loadImages, startDockerd, type Dockerd } from '../docker/index.ts';
import { openTypist, type Typist } from '../docs/typist.ts';
import { signal } from '../rig/index.ts';

/*
 * Containers ask for the flags of their environment with the official SDK and its provider for flagd, as users without
 * rights on a file system that cannot be written to. One story: each part goes on where the one before it ended.
 */

const image = 'slipway-test/flag-reader';
const compose = (version: string) => `services:
  web:
    image: ${image}
    user: '1000:1000'
    read_only: true
    cap_drop: [ALL]
    environment: { VERSION: '${version}' }
    ports: ['3000']
  own:
    image: ${image}
    command: [sleep, '99999']
    environment: { FLAGD_HOST: flagd.example.com }
`;
const flagsFile = (value: string) =>
  JSON.stringify({
    flags: {
      theme: {
        state: 'ENABLED',
        variants: { first: value, second: `${value}, changed`, third: `${value}, changed again` },
        defaultVariant: 'first',
      },
    },
  });
const slipwayYml = `name: shop
route: { service: web, port: 3000 }
environments:
  production:
    branches: [main]
    health: { path: /health }
    drain-timeout: 5s
    bake: 1s
    rollback-window: 0s
`;

const workflow = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps: [{ run: echo tested }]
`;

describe.skipIf(lacksDocker())(`flags in containers (missing? ${dockerInstall})`, () => {
  let engine: Dockerd;
  let typist: Typist;

  beforeAll(async () => {
    engine = await startDockerd();
    loadImages(engine, ['node']);
    await makeImage(engine);
    typist = await openTypist({ DOCKER_HOST: engine.url });
    await typist.type('mkdir shop; cd shop; git init -q -b main');
    await typist.write({ 'slipway.yml': slipwayYml, '.github/workflows/ci.yml': workflow });
    expect((await typist.type('slipway up')).join('\n')).toContain('slipway');
  });
  afterAll(async () => {
    await typist?.close();
    await engine?.stop();
  });

  const ship = async (version: string) => {
    await typist.write({ 'compose.yml': compose(version) });
    await typist.type(`git add -A; git commit -qm 'Version ${version}'`);
    const said = (await typist.type('slipway ship; echo "exit code $?"')).join('\n');
    expect(said).toContain('exit code 0');
  };
  const askAt = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${typist.port}${path}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const ask = () => askAt('/');
  const containers = (revision: string) =>
    engine.docker('ps', '--filter', `name=-${revision}-`, '--format', '{{.ID}} {{.Names}}').trim();
  const untilSeen = (value: string) =>
    expect.poll(ask, { timeout: 60_000 }).toMatchObject({ 'in-process': value, rpc: value });
  const flags = async (words: string) => (await typist.type(`slipway flags ${words}`)).join('\n');

  it('nothing that runs is replaced when an environment gets its first flags', async () => {
    await ship('1');
    expect(await ask()).toMatchObject({ version: '1', door: null });
    const before = containers('r1');
    await typist.write({ 'flags.json': flagsFile('of production') });
    expect(await flags('apply production flags.json')).toContain('the next rollout tells them');
    expect(containers('r1')).toBe(before);
  });

  it('the next copies evaluate flags by a socket that holds those of their environment alone', async () => {
    await ship('2');
    await untilSeen('of production');
    expect(await ask()).toMatchObject({ version: '2', user: 1000, door: ['sock'] });
    const own = engine.docker('ps', '--filter', 'name=own', '--format', '{{.Names}}').trim();
    const { Config, Mounts } = (
      JSON.parse(engine.docker('inspect', own)) as [{ Config: { Env: string[] }; Mounts: unknown[] }]
    )[0];
    expect(Mounts).toEqual([]);
    expect(Config.Env.filter((variable) => variable.startsWith('FLAGD'))).toEqual([
      'FLAGD_HOST=flagd.example.com',
    ]);
  });

  it('a change is seen without a restart', async () => {
    const before = containers('r2');
    await flags('set production theme second');
    await untilSeen('of production, changed');
    expect(containers('r2')).toBe(before);
  });

  it('a container keeps its flags while the server is away, and hears of the next change', async () => {
    const before = containers('r2');
    signal((await connectServer({ home: typist.home }).health()).pid, 'SIGKILL');
    expect(await ask()).toMatchObject({ 'in-process': 'of production, changed' });
    await typist.type('slipway up');
    await flags('set production theme third');
    await untilSeen('of production, changed again');
    expect(containers('r2')).toBe(before);
  });

  it('a ramp goes back when a container tells that users with the variant met trouble', async () => {
    await flags('set production theme first');
    await flags('ramp production theme second --steps 20%,100% --hold 30m');
    const told = async () =>
      (await Promise.all(Array.from({ length: 60 }, (_, user) => askAt(`/trouble/user-${user}`)))).filter(
        ({ status }) => status === 202,
      ).length;
    // Until the container has heard of the share.
    await expect.poll(told, { timeout: 60_000 }).toBeGreaterThan(3);
    await expect
      .poll(() => flags('ramps production'), { timeout: 60_000 })
      .toMatch(/theme → second: failed, .*\n {2}of \d+ users who met trouble .* odds against chance/);
    await untilSeen('of production');
  });
});

/** An image with the app and all that it needs in one file. */
async function makeImage(engine: Dockerd): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-reader-'));
  try {
    await build({
      input: resolve('test/real/support/flag-reader.js'),
      platform: 'node',
      output: { file: join(folder, 'reader.mjs') },
      logLevel: 'silent',
    });
    const dockerfile = ['FROM slipway-test/node', 'COPY reader.mjs /app/', 'CMD ["node", "reader.mjs"]'];
    writeFileSync(join(folder, 'Dockerfile'), dockerfile.join('\n'));
    engine.docker('build', '-q', '-t', image, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
