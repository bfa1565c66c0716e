import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseApp } from '../app/index.ts';
import type { App } from '../app/index.ts';
import { createBundle, openMirror, openRepository } from '../source/index.ts';
import type { Mirror } from '../source/index.ts';
import { makeRelease, readRelease, removeLeftovers, removeRelease, verifyRelease } from './index.ts';
import type { ReleaseInputs } from './index.ts';

let folder: string;
let mirror: Mirror;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-release-'));
  mirror = await openMirror(join(folder, 'mirror.git'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o644): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...identity, ...args], { cwd: join(folder, 'clone'), encoding: 'utf8' }).trim();
}

/** Commits files into a clone and sends them to the mirror. */
async function commit(files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) write(join('clone', path), text);
  if (!existsSync(join(folder, 'clone/.git'))) git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '-m', 'Change');
  const sha = git('rev-parse', 'HEAD');
  const repository = await openRepository(join(folder, 'clone'));
  const outFile = join(folder, 'bundle');
  await createBundle({ repository, commit: sha, ref: 'refs/heads/main', haveCommits: [], outFile });
  await mirror.receiveBundle(outFile, 'refs/heads/main', sha);
  return sha;
}

function app(slipwayYml = ''): App {
  const procfile = { file: 'Procfile', text: 'web: node server.js\n' };
  const parsed = parseApp({
    procfile,
    slipwayYml: { file: 'slipway.yml', text: slipwayYml },
    fallbackName: 'shop',
  });
  if (!parsed.ok) throw new Error('the app of this test is wrong');
  return parsed.value;
}

function make(sha: string, more: Partial<ReleaseInputs> = {}) {
  return makeRelease({
    mirror,
    commit: sha,
    app: app(),
    artifacts: [],
    toolchain: { node: null },
    machineEnv: { PATH: process.env['PATH'] ?? '' },
    storeDirectory: join(folder, 'store'),
    ...more,
  });
}

/** A toolchain whose npm writes down how it was called. */
function fakeNode(script: string): NonNullable<ReleaseInputs['toolchain']['node']> {
  write('bin/npm', `#!/bin/sh\n${script}\n`, 0o755);
  return { version: '26.10.0', binDirectory: join(folder, 'bin') };
}

const dependent = {
  'package.json': '{"name":"shop","version":"1.0.0","dependencies":{"pg":"1.0.0"}}',
  'package-lock.json': '{"lockfileVersion":3,"packages":{"node_modules/pg":{}}}',
};

test('a release holds the files of the commit, described and without write permission', async () => {
  const sha = await commit({ 'server.js': 'listen();', 'lib/a.js': 'a' });
  const release = await make(sha);
  expect(release).toMatchObject({
    app: 'shop',
    commit: sha,
    fileCount: 2,
    sizeBytes: 10,
    toolchain: { nodeVersion: null },
    parts: [
      `files of commit ${sha.slice(0, 7)}`,
      'no artifact: the pipeline uploads none named "release", "dist", "build"',
      'no dependencies installed: package.json has none',
    ],
    artifacts: [],
  });
  expect(release.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(release.definition.processes[0]?.command).toBe('node server.js');
  expect(lstatSync(join(release.filesDirectory, 'lib/a.js')).mode & 0o222).toBe(0);
  expect(await readRelease(release.directory)).toEqual(release);
  expect(await verifyRelease(release.directory)).toBeNull();
  expect(readdirSync(join(folder, 'store/tmp'))).toEqual([]);
});

test('a release says which submodules it goes without', async () => {
  const inner = await commit({ 'server.js': '1' });
  git('update-index', '--add', '--cacheinfo', `160000,${inner},vendor/lib`);
  mkdirSync(join(folder, 'clone/vendor/lib'), { recursive: true });
  git('commit', '--quiet', '-m', 'Submodule');
  const sha = git('rev-parse', 'HEAD');
  const repository = await openRepository(join(folder, 'clone'));
  const outFile = join(folder, 'bundle');
  await createBundle({ repository, commit: sha, ref: 'refs/heads/main', haveCommits: [], outFile });
  await mirror.receiveBundle(outFile, 'refs/heads/main', sha);
  const release = await make(sha);
  expect(release.parts[0]).toBe(`files of commit ${sha.slice(0, 7)}, without its submodules vendor/lib`);
  expect(release.fileCount).toBe(1);
});

test('the same inputs give the stored release, also when two make it at once', async () => {
  const sha = await commit({ 'server.js': '1' });
  const [one, two] = await Promise.all([make(sha), make(sha)]);
  expect(two).toEqual(one);
  expect(await make(sha)).toEqual(one);
  rmSync(join(folder, 'store/inputs'), { recursive: true });
  expect((await make(sha)).createdAtMs).toBe(one.createdAtMs);
});

test('another commit is another release, even with the same files; so is another Node or definition', async () => {
  const first = await make(await commit({ 'server.js': '1' }));
  const sha = await commit({});
  const second = await make(sha);
  const third = await make(sha, { toolchain: { node: { version: '24.0.0', binDirectory: '/nowhere' } } });
  const fourth = await make(sha, { app: app('environments: { production: { bake: 1s } }') });
  expect(new Set([first.digest, second.digest, third.digest, fourth.digest]).size).toBe(4);
});

test('an artifact goes back to where it was in the workspace, over the files of the commit', async () => {
  const sha = await commit({
    'server.js': '1',
    'packages/web/dist/old.js': 'committed',
    'packages/web/dist/app.js': 'old',
  });
  write('artifact/app.js', 'new');
  write('artifact/bin/run', '#!/bin/sh', 0o755);
  symlinkSync('app.js', join(folder, 'artifact/link.js'));
  const artifacts = [
    { name: 'dist', filesDirectory: join(folder, 'artifact'), rootDirectory: 'packages/web/dist' },
  ];
  const release = await make(sha, { artifacts });
  const dist = join(release.filesDirectory, 'packages/web/dist');
  expect(readdirSync(dist).sort()).toEqual(['app.js', 'bin', 'link.js', 'old.js']);
  expect(readFileSync(join(dist, 'link.js'), 'utf8')).toBe('new');
  expect(lstatSync(join(dist, 'bin/run')).mode & 0o777).toBe(0o555);
  expect(release.artifacts).toEqual([{ name: 'dist', digest: expect.stringMatching(/^sha256:/) as string }]);
  write('artifact/app.js', 'newer');
  expect((await make(sha, { artifacts })).digest).not.toBe(release.digest);
});

test('an artifact cannot write outside of the release', async () => {
  mkdirSync(join(folder, 'clone'));
  mkdirSync(join(folder, 'victim'));
  symlinkSync(join(folder, 'victim'), join(folder, 'clone/out'));
  const sha = await commit({ 'server.js': '1' });
  write('artifact/x', 'x');
  for (const rootDirectory of ['../up', '/etc', 'out', 'out/deeper']) {
    const artifacts = [{ name: 'dist', filesDirectory: join(folder, 'artifact'), rootDirectory }];
    await expect(make(sha, { artifacts })).rejects.toMatchObject({ code: 'release/artifact-outside' });
  }
  expect(readdirSync(join(folder, 'victim'))).toEqual([]);
  expect(readdirSync(join(folder, 'store'))).toEqual(['tmp']);
});

test('an artifact that slipway.yml names and the run lacks is refused', async () => {
  const sha = await commit({ 'server.js': '1' });
  const making = make(sha, { app: app('release: { artifact: web }') });
  await expect(making).rejects.toMatchObject({ code: 'release/no-artifact', notes: ['uploaded: nothing'] });
});

describe('dependencies', () => {
  test('are installed by the npm of the toolchain, in an environment made from nothing', async () => {
    const sha = await commit(dependent);
    const node = fakeNode('mkdir node_modules; echo "$@" > node_modules/args; env | sort > node_modules/env');
    process.env['SURROUNDING_SECRET'] = 'hunter2';
    const release = await make(sha, {
      toolchain: { node },
      machineEnv: { PATH: '/usr/bin:/bin', CI: 'true' },
    });
    delete process.env['SURROUNDING_SECRET'];
    const written = (name: string) =>
      readFileSync(join(release.filesDirectory, 'node_modules', name), 'utf8');
    expect(written('args')).toBe('ci --omit=dev --no-audit --no-fund\n');
    expect(written('env')).toContain('CI=true');
    expect(written('env')).toContain(`PATH=${node.binDirectory}:/usr/bin:/bin`);
    expect(written('env')).not.toMatch(/hunter2|^NODE_/m);
    expect(release.toolchain.nodeVersion).toBe('26.10.0');
  });

  test('that cannot be installed say why with the end of the log, and leave no release', async () => {
    const sha = await commit(dependent);
    const making = make(sha, { toolchain: { node: fakeNode('echo "npm error code E404"; exit 1') } });
    await expect(making).rejects.toMatchObject({
      code: 'release/install-failed',
      message: '"npm ci --omit=dev" ended with exit code 1',
      notes: ['npm: npm error code E404'],
    });
    expect(readdirSync(join(folder, 'store/tmp'))).toEqual([]);
    expect(existsSync(join(folder, 'store/inputs'))).toBe(false);
  });

  test('end with the request for them', async () => {
    const sha = await commit(dependent);
    const abort = new AbortController();
    const node = fakeNode(`echo started > ${folder}/started; sleep 60`);
    const making = make(sha, { toolchain: { node }, signal: abort.signal });
    const ended = expect(making).rejects.toThrow('enough');
    await expect.poll(() => existsSync(join(folder, 'started')), { timeout: 60_000 }).toBe(true);
    abort.abort(new Error('enough'));
    await ended;
  });

  test('of workspaces are linked by the real npm', async () => {
    const sha = await commit({
      'package.json': '{"name":"shop","version":"1.0.0","workspaces":["packages/shared"]}',
      'packages/shared/package.json': '{"name":"@shop/shared","version":"1.0.0"}',
      'package-lock.json': JSON.stringify({
        name: 'shop',
        version: '1.0.0',
        lockfileVersion: 3,
        requires: true,
        packages: {
          '': { name: 'shop', version: '1.0.0', workspaces: ['packages/shared'] },
          'node_modules/@shop/shared': { resolved: 'packages/shared', link: true },
          'packages/shared': { name: '@shop/shared', version: '1.0.0' },
        },
      }),
    });
    const release = await make(sha);
    const linked = join(release.filesDirectory, 'node_modules/@shop/shared/package.json');
    expect(readFileSync(linked, 'utf8')).toContain('@shop/shared');
    expect(await verifyRelease(release.directory)).toBeNull();
  });
});

describe('a stored release', () => {
  test('that was tampered with names the first difference', async () => {
    const release = await make(await commit({ 'a.js': 'a', 'b.js': 'b' }));
    const file = (name: string) => join(release.filesDirectory, name);
    writeFileSync(file('new.js'), 'x');
    expect(await verifyRelease(release.directory)).toMatchObject({ kind: 'extra', path: 'new.js' });
    chmodSync(file('b.js'), 0o755);
    expect(await verifyRelease(release.directory)).toMatchObject({ kind: 'changed', path: 'b.js' });
    rmSync(file('a.js'));
    expect(await verifyRelease(release.directory)).toEqual({
      kind: 'missing',
      path: 'a.js',
      message: 'a.js is missing',
    });
    const manifest = join(release.directory, 'manifest.json');
    chmodSync(manifest, 0o644);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('a.js', 'c.js'));
    expect(await verifyRelease(release.directory)).toMatchObject({ kind: 'manifest' });
    expect(await verifyRelease(join(folder, 'store/none'))).toMatchObject({ kind: 'manifest' });
    chmodSync(join(release.directory, 'release.json'), 0o644);
    writeFileSync(join(release.directory, 'release.json'), '{');
    await expect(readRelease(release.directory)).rejects.toMatchObject({ code: 'release/damaged' });
  });

  test('is removed whole, made again when asked for, and half-made ones of dead processes are swept', async () => {
    const sha = await commit({ 'a.js': 'a' });
    const release = await make(sha);
    await removeRelease(release.directory);
    await removeRelease(release.directory);
    expect(await readRelease(release.directory)).toBeNull();
    expect((await make(sha)).digest).toBe(release.digest);
    write('store/tmp/4194305-dead/files/a', 'a');
    write(`store/tmp/${process.pid}-alive/files/a`, 'a');
    await removeLeftovers(join(folder, 'store'));
    expect(readdirSync(join(folder, 'store/tmp'))).toEqual([`${process.pid}-alive`]);
  });
});

test('the images of a release are part of what it is, and are made again when the engine has lost them', async () => {
  const sha = await commit({ 'compose.yml': 'services: {}' });
  const wanted = [
    { key: 'k', services: ['web'], build: null, reference: 'node:26', platform: null, pullPolicy: null },
  ];
  let id = 'sha256:one';
  let made = 0;
  let gone: string[] = [];
  const missing = (ids: string[]) => Promise.resolve(ids.filter((one) => gone.includes(one)));
  const images: ReleaseInputs['images'] = {
    wanted,
    make: (all, files) => {
      made++;
      expect(existsSync(join(files, 'compose.yml'))).toBe(true);
      return Promise.resolve(
        all.map(({ key, services, reference }) => ({
          key,
          services,
          reference,
          id,
          digest: null,
          built: false,
        })),
      );
    },
    missing,
  };
  const release = await make(sha, { images });
  expect(release.images.map((image) => image.id)).toEqual(['sha256:one']);
  expect(release.parts.at(-1)).toBe('image of "web": node:26 as it is now, one');
  expect((await make(sha, { images })).digest).toBe(release.digest);
  expect(made).toBe(1);
  gone = ['sha256:one'];
  id = 'sha256:two';
  expect(await verifyRelease(release.directory, missing)).toMatchObject({ kind: 'image' });
  const again = await make(sha, { images });
  expect(made).toBe(2);
  expect(again.digest).not.toBe(release.digest);
  expect(await verifyRelease(again.directory, missing)).toBeNull();
});
