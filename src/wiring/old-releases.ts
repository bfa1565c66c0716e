import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { knownRevisions, type EnvironmentState, type Revision } from '../delivery/index.ts';
import { readRelease, removeRelease, type Release } from '../release/index.ts';
import type { Store } from '../store/index.ts';
import { environmentStates } from './environments.ts';
import type { Layout } from './layout.ts';

/** A release that was made this recently may be about to be rolled out. */
const freshMs = 3_600_000;

/** All releases of a home that can be read. */
export async function storedReleases(layout: Layout): Promise<Release[]> {
  const apps = await readdir(layout.apps).catch(() => []);
  const all = await Promise.all(apps.map((app) => releasesIn(layout.app(app).releases)));
  return all.flat();
}

async function releasesIn(folder: string): Promise<Release[]> {
  const names = await readdir(folder).catch(() => []);
  const digests = names.filter((name) => /^[0-9a-f]{64}$/.test(name));
  const found = await Promise.all(digests.map((one) => readRelease(join(folder, one)).catch(() => null)));
  return found.filter((release) => release !== null);
}

/** Whether a release is so young that nothing may name it yet. */
export function isFresh({ createdAtMs }: Release): boolean {
  return Date.now() - createdAtMs < freshMs;
}

/** All that runs in an environment, that it may go back to, or that is on its way to it. */
export function revisionsOf(state: EnvironmentState): Revision[] {
  const replacing = [state.replacing?.next, state.replacing?.back].filter((one) => !!one);
  const shared = [...state.shared, ...replacing, ...(state.rollout?.outage?.before ?? [])].map(
    ({ revision }) => revision,
  );
  const queued = state.queue.map(({ revision }) => ({ id: '', ...revision }));
  return [...knownRevisions(state), ...state.past, ...shared, ...queued];
}

/** Removes the files of releases that no environment and no ship under way needs. */
export async function removeOldReleases(parts: { store: Store; layout: Layout }): Promise<Release[]> {
  const old = await oldReleases(parts);
  for (const { directory } of old) await removeRelease(directory);
  return old;
}

/** Releases that no environment and no ship under way needs; none of an app whose ship may be about to name one. */
export async function oldReleases({ store, layout }: { store: Store; layout: Layout }): Promise<Release[]> {
  // In this order: what a ship names from here on is in an environment's queue before its ship ends.
  const stored = await storedReleases(layout);
  const ships = await store.flows.list({ kind: 'ship', done: false });
  const made = new Map((await store.documents.list('ship-release')).map(({ id, body }) => [id, body]));
  const states = await environmentStates(store);
  const needed = new Set<unknown>([
    ...ships.map(({ id }) => made.get(id)),
    ...states.flatMap(revisionsOf).map(({ release }) => release.digest),
  ]);
  const undecided = new Set(
    ships.filter(({ id }) => !made.has(id)).map(({ data }) => (data as { app: { name: string } }).app.name),
  );
  return stored.filter((one) => !needed.has(one.digest) && !undecided.has(one.app) && !isFresh(one));
}
