import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../docker/index.ts';
import type { ContainerSpec } from './model.ts';
import { makeMounts } from './mounts.ts';
import { serviceOf, somewhere } from './testing/services.ts';

/** What a service gets at /mounted from `./storage`, with a release of these files; paths seen from a folder of its own. */
async function boundFrom(files: string[], readOnly = false) {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-mounts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [directory, bindsDirectory] = [join(folder, 'release'), join(folder, 'binds')];
  mkdirSync(directory);
  for (const file of files) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), '');
  }
  const mount = {
    kind: 'bind',
    source: 'storage',
    target: '/mounted',
    readOnly,
    createHostPath: true,
    propagation: null,
    selinux: null,
    at: somewhere,
  } as const;
  const spec: ContainerSpec = {
    scope: 'shop/production',
    revision: 'r1',
    release: 'sha256:1',
    service: serviceOf('web', { mounts: [mount] }),
    environment: {},
    image: 'sha256:2',
    networks: {},
    volumes: {},
    files: [],
    directory,
    bindsDirectory,
  };
  const engine = { address: { kind: 'unix' } } as Engine;
  const { Binds } = await makeMounts({ engine, home: folder, homeId: 'h1' }, spec, 'r1-web-1');
  const kept = join(bindsDirectory, 'storage');
  return {
    binds: Binds.map((bind) => bind.replace(`${folder}/`, '')),
    kept: existsSync(kept) ? readdirSync(kept, { recursive: true, encoding: 'utf8' }).toSorted() : null,
  };
}

test('what the release has is mounted from it, and cannot be written', async () => {
  expect(await boundFrom(['storage/a/logo.png', 'storage/.gitkeep'])).toEqual({
    binds: ['release/storage:/mounted:ro'],
    kept: null,
  });
  expect(await boundFrom(['storage'])).toEqual({ binds: ['release/storage:/mounted:ro'], kept: null });
});

test('what the release has not is a folder that stays', async () => {
  expect(await boundFrom(['elsewhere'])).toEqual({ binds: ['binds/storage:/mounted:rw'], kept: [] });
  expect(await boundFrom(['elsewhere'], true)).toEqual({ binds: ['binds/storage:/mounted:ro'], kept: [] });
});

test('a folder of placeholders is one for data, with the folders in it', async () => {
  expect(
    await boundFrom(['storage/.gitkeep', 'storage/framework/views/.gitignore', 'storage/app/.keep']),
  ).toEqual({
    binds: ['binds/storage:/mounted:rw'],
    kept: ['app', 'framework', 'framework/views'],
  });
});
