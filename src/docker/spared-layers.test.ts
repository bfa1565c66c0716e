import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { sparedFiles, withoutFiles } from './spared-layers.ts';

interface Manifest {
  Config: string;
  Layers: string[];
}

const blob = (name: string) => `blobs/sha256/${name}`;

/** An archive of images as an engine writes it. @param files - Texts by path; what begins with `->` is a link. */
function archive(files: Record<string, string>, manifest: Manifest[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-images-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const all = { ...files, 'manifest.json': JSON.stringify(manifest) };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    if (text.startsWith('->')) symlinkSync(text.slice(2), join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  const order = Object.keys(all).toSorted();
  return execFileSync('tar', ['-C', folder, '--format=pax', '-cf', '-', ...order]);
}

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

/** What is left of an archive for an engine that has so many layers of each image. */
async function left(bytes: Buffer, there: Record<string, number>) {
  const spared = await sparedFiles(chunks(bytes), new Map(Object.entries(there)));
  const passed = { sentBytes: 0, sparedBytes: 0 };
  const parts = await Readable.from(withoutFiles(chunks(bytes), spared, passed)).toArray();
  const rest = Buffer.concat(parts);
  expect([passed.sentBytes, passed.sentBytes + passed.sparedBytes]).toEqual([rest.length, bytes.length]);
  const files = execFileSync('tar', ['-tf', '-'], { input: rest, encoding: 'utf8' }).trim().split('\n');
  return {
    files,
    text: (path: string) => execFileSync('tar', ['-xOf', '-', path], { input: rest, encoding: 'utf8' }),
  };
}

const folders = () =>
  archive(
    {
      'aa/json': '{"id":"aa"}',
      'aa/layer.tar': 'app',
      'bb/json': '{"id":"bb"}',
      'bb/layer.tar': 'base'.repeat(5000),
      'c1.json': '{}',
    },
    [{ Config: 'c1.json', Layers: ['bb/layer.tar', 'aa/layer.tar'] }],
  );

test('of an archive with a folder for each layer, the layers that are there stay away and all else goes', async () => {
  const { files, text } = await left(folders(), { 'sha256:c1': 1 });
  expect(files).toEqual(['aa/json', 'aa/layer.tar', 'bb/json', 'c1.json', 'manifest.json']);
  expect(text('aa/layer.tar')).toBe('app');
});

test('of an archive in the format of the OCI, too', async () => {
  const bytes = archive(
    {
      [blob('base')]: 'base'.repeat(5000),
      [blob('app')]: 'app',
      [blob('c1')]: '{}',
      'index.json': '{}',
      'oci-layout': '{}',
    },
    [{ Config: blob('c1'), Layers: [blob('base'), blob('app')] }],
  );
  const { files, text } = await left(bytes, { 'sha256:c1': 1 });
  expect(files).toEqual([blob('app'), blob('c1'), 'index.json', 'manifest.json', 'oci-layout']);
  expect(text(blob('app'))).toBe('app');
});

test('a layer that is there below and needed above stays: engines write the same layer once', async () => {
  const bytes = archive({ [blob('base')]: 'b', [blob('run')]: 'r', [blob('app')]: 'a', [blob('c1')]: '{}' }, [
    { Config: blob('c1'), Layers: [blob('base'), blob('run'), blob('app'), blob('run')] },
  ]);
  expect((await left(bytes, { 'sha256:c1': 2 })).files).toEqual([
    blob('app'),
    blob('c1'),
    blob('run'),
    'manifest.json',
  ]);
});

test('a layer that is needed as a link to one that is there keeps what it leads to', async () => {
  const bytes = archive(
    { 'aa/layer.tar': 'x', 'bb/layer.tar': 'b', 'cc/layer.tar': '->../aa/layer.tar', 'c1.json': '{}' },
    [{ Config: 'c1.json', Layers: ['bb/layer.tar', 'aa/layer.tar', 'cc/layer.tar'] }],
  );
  expect((await left(bytes, { 'sha256:c1': 2 })).files).toEqual([
    'aa/layer.tar',
    'c1.json',
    'cc/layer.tar',
    'manifest.json',
  ]);
  expect((await left(bytes, { 'sha256:c1': 3 })).files).toEqual(['c1.json', 'manifest.json']);
});

test('of two images each counts for itself, and one that the archive names otherwise goes whole', async () => {
  const bytes = archive(
    { [blob('base')]: 'b', [blob('one')]: '1', [blob('two')]: '2', [blob('c1')]: '{}', [blob('c2')]: '{}' },
    [
      { Config: blob('c1'), Layers: [blob('base'), blob('one')] },
      { Config: blob('c2'), Layers: [blob('base'), blob('two')] },
    ],
  );
  const both = await left(bytes, { 'sha256:c1': 1, 'sha256:c2': 1 });
  expect(both.files).toEqual([blob('c1'), blob('c2'), blob('one'), blob('two'), 'manifest.json']);
  const other = await left(bytes, { 'sha256:c1': 1, 'sha256:manifest': 1 });
  expect(other.files).toContain(blob('base'));
});

test('an archive without a manifest, or with another one, says so', async () => {
  const bytes = folders();
  const end = bytes.indexOf('manifest.json');
  const without = Buffer.concat([bytes.subarray(0, end - (end % 512)), Buffer.alloc(1024)]);
  await expect(sparedFiles(chunks(without), new Map())).rejects.toThrow('cannot be read: it has no manifest');
  const other = archive({}, [{ Config: 'c1.json' } as Manifest]);
  await expect(sparedFiles(chunks(other), new Map())).rejects.toThrow('Layers');
});
