import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyEnvironment, type EnvironmentState } from '../delivery/index.ts';
import type { Store } from '../store/index.ts';
import { layoutOf } from './layout.ts';
import { removeOldReleases } from './old-releases.ts';

const dayMs = 86_400_000;
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sw-releases-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** A release in the store, by a letter of its digest. */
function stored(letter: string, { app = 'shop', ageMs = dayMs } = {}): string {
  const digest = letter.repeat(64);
  const directory = join(home, 'apps', app, 'releases', digest);
  mkdirSync(join(directory, 'files'), { recursive: true });
  const createdAtMs = Date.now() - ageMs;
  const release = { digest: `sha256:${digest}`, app, commit: digest, createdAtMs, sizeBytes: 10 };
  writeFileSync(join(directory, 'release.json'), JSON.stringify(release));
  return directory;
}

const release = (letter: string) => ({
  release: { digest: `sha256:${letter.repeat(64)}` },
  tasks: [],
  processes: [],
});

function storeWith(parts: {
  states?: Partial<Record<keyof EnvironmentState, unknown>>[];
  ships?: { id: string; app: string; release: string | null }[];
}): Store {
  const { states = [], ships = [] } = parts;
  const environments = states.map((state, at) => ({
    data: { ...emptyEnvironment(`shop/e${at}`), ...state },
  }));
  const underWay = ships.map(({ id, app }) => ({ id, data: { app: { name: app } } }));
  const made = ships.flatMap(({ id, release: letter }) =>
    letter === null ? [] : [{ id, body: `sha256:${letter.repeat(64)}` }],
  );
  return {
    flows: {
      list: ({ kind }: { kind: string }) => Promise.resolve(kind === 'ship' ? underWay : environments),
    },
    documents: { list: () => Promise.resolve(made) },
  } as unknown as Store;
}

const names = (removed: { directory: string }[]) => removed.map(({ directory }) => directory).toSorted();

test('what serves, stands by, may be gone back to or waits for its turn keeps its files', async () => {
  const kept = ['a', 'b', 'c', 'd', 'e'].map((letter) => stored(letter));
  const old = stored('f');
  const store = storeWith({
    states: [
      { stable: release('a'), standby: { revision: release('b') }, past: [release('c')] },
      {
        queue: [{ revision: release('d'), settings: { strategy: { kind: 'blue-green' } } }],
        shared: [{ revision: release('e') }],
      },
    ],
  });
  expect(names(await removeOldReleases({ store, layout: layoutOf(home) }))).toEqual([old]);
  expect(existsSync(old)).toBe(false);
  expect(kept.every((one) => existsSync(one))).toBe(true);
});

test('a release of a ship under way stays, and all of an app whose ship has not named its own yet', async () => {
  const [named, old] = [stored('a'), stored('b')];
  const undecided = stored('c', { app: 'blog' });
  const store = storeWith({
    ships: [
      { id: 's-1', app: 'shop', release: 'a' },
      { id: 's-2', app: 'blog', release: null },
    ],
  });
  expect(names(await removeOldReleases({ store, layout: layoutOf(home) }))).toEqual([old]);
  expect([named, undecided].every((one) => existsSync(one))).toBe(true);
});

test('one that was made within the hour stays, and so does what is no release', async () => {
  const fresh = stored('a', { ageMs: 60_000 });
  const damaged = stored('b');
  writeFileSync(join(damaged, 'release.json'), '{');
  const cache = join(home, 'apps', 'shop', 'releases', 'npm-cache');
  mkdirSync(cache);
  expect(await removeOldReleases({ store: storeWith({}), layout: layoutOf(home) })).toEqual([]);
  expect([fresh, damaged, cache].every((one) => existsSync(one))).toBe(true);
});
