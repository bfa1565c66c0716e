import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findCache, publishCache, type CacheQuery, type NewCache } from './cache-store.ts';
import { readableRefs } from './cache-scope.ts';

let folder: string;
let store: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-cache-'));
  store = join(folder, 'store');
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T00:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const main = 'refs/heads/main';

/** Saves an entry whose content is its name; each is a minute newer than the one before. */
async function keep(key: string, changes: Partial<NewCache> = {}, limitBytes?: number): Promise<string> {
  vi.advanceTimersByTime(60_000);
  const archive = join(folder, 'new');
  writeFileSync(archive, key);
  const entry = { ref: main, version: 'v', key, archive, sizeBytes: key.length, ...changes };
  return (await publishCache(store, entry, limitBytes)).kind;
}

async function find(changes: Partial<CacheQuery>): Promise<string | null> {
  const hit = await findCache(store, {
    refs: [main],
    versions: ['v'],
    key: '?',
    restoreKeys: [],
    ...changes,
  });
  return hit && readFileSync(hit.archive, 'utf8');
}

describe('a cache is found', () => {
  test('by its key, before newer ones that only begin with it', async () => {
    await keep('npm-1');
    await keep('npm-1-newer');
    expect(await find({ key: 'npm-1' })).toBe('npm-1');
  });

  test('by the first restore key that has one, the newest of them', async () => {
    await keep('npm-a');
    await keep('npm-b');
    await keep('other');
    expect(await find({ key: 'npm-c', restoreKeys: ['none-', 'npm-', 'other'] })).toBe('npm-b');
    expect(await find({ key: 'npm-c' })).toBeNull();
  });

  test('only for the same paths and packing', async () => {
    await keep('npm-1');
    expect(await find({ key: 'npm-1', versions: ['w'] })).toBeNull();
  });

  test('in the nearest ref that has a fitting one, though another has the very key', async () => {
    await keep('npm-1');
    await keep('npm-0', { ref: 'refs/heads/topic' });
    const refs = ['refs/heads/topic', main];
    expect(await find({ refs, key: 'npm-1', restoreKeys: ['npm-'] })).toBe('npm-0');
    expect(await find({ refs, key: 'npm-1' })).toBe('npm-1');
    expect(await find({ refs: ['refs/heads/other'], key: 'npm-1' })).toBeNull();
  });
});

describe('a cache is kept', () => {
  test('once: an entry never changes, but every ref may have its own', async () => {
    expect(await keep('npm-1')).toBe('stored');
    expect(await keep('npm-1')).toBe('taken');
    expect(await keep('npm-1', { ref: 'refs/heads/topic' })).toBe('stored');
    expect(await keep('npm-1', { version: 'w' })).toBe('stored');
  });

  test('within the limit: the longest unused go first, and too large ones are not taken', async () => {
    for (const key of ['first', 'other', 'third']) await keep(key, {}, 15);
    for (const [index, key] of ['first', 'other', 'third'].entries()) {
      // Use decides, not age: the store reads it from the file's time.
      const used = key === 'other' ? 1 : 100 + index;
      for (const name of readdirSync(store)) {
        const meta = join(store, name, 'meta.json');
        const when = new Date(Date.now() - 60_000 + used);
        if (readFileSync(meta, 'utf8').includes(`"${key}"`)) utimesSync(meta, when, when);
      }
    }
    expect(await keep('fresh', {}, 15)).toBe('stored');
    expect(await find({ key: 'other' })).toBeNull();
    expect(await keep('x', { sizeBytes: 16 }, 15)).toBe('too-large');
  });

  test('complete or not at all: nothing half made is left', async () => {
    await keep('npm-1');
    await keep('npm-1');
    expect(readdirSync(store).filter((name) => !name.startsWith('entry-'))).toEqual([]);
  });
});

test('a pull request sees its own caches, those of its base and those of the default branch', async () => {
  const github = {
    ref: 'refs/pull/7/merge',
    base_ref: 'release',
    event: { repository: { default_branch: 'trunk' } },
  };
  const contexts = { github, needs: {}, matrix: null, strategy: {}, vars: {}, inputs: {}, secrets: {} };
  const source = { gitDirectory: folder, commit: 'c', ref: github.ref };
  expect(await readableRefs({ contexts, source })).toEqual([
    'refs/pull/7/merge',
    'refs/heads/release',
    'refs/heads/trunk',
  ]);
  writeFileSync(join(folder, 'HEAD'), 'ref: refs/heads/main\n');
  const plain = { ...contexts, github: { ref: 'refs/heads/topic' } };
  expect(await readableRefs({ contexts: plain, source })).toEqual(['refs/heads/topic', 'refs/heads/main']);
});
