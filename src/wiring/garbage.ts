import { here, knownRevisions, machinesOf, nameOn, type EnvironmentState } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Release } from '../release/index.ts';
import type { Store } from '../store/index.ts';
import { unneededImages, type Collected } from '../targets/index.ts';
import { homeDiskWarnings, littleDiskPercent } from './disk-room.ts';
import type { Docker } from './docker.ts';
import { environmentFlowId, environmentStates } from './environments.ts';
import type { Layout } from './layout.ts';
import type { Machines } from './machines/machines.ts';
import type { MachineKeep } from './machines/model.ts';
import { hasContainers } from './targets.ts';
import { isFresh, oldReleases, removeOldReleases, revisionsOf, storedReleases } from './old-releases.ts';
import type { CollectionView } from './views.ts';

/** What a collection looks at and acts on. */
interface Parts {
  store: Store;
  layout: Layout;
  docker: Docker;
  machines: Machines;
  /** Releases that are being made, by ship. */
  making: ReadonlyMap<string, string>;
  collections: Map<string, Collected>;
}

const answeredWithinMs = 120_000;

/** What the collection of one environment leaves alone: all that runs, that may be gone back to, or that is on its way. */
export async function keepFor(
  state: EnvironmentState,
  parts: Pick<Parts, 'store' | 'layout'>,
): Promise<MachineKeep> {
  const wanted = (await environmentStates(parts.store)).flatMap(revisionsOf);
  const fresh = await freshImages(parts.layout);
  return {
    scope: state.scope,
    // Networks cost addresses, of which an engine has few: those of earlier revisions are made again when they come back.
    // The next revision may begin while this goes on.
    revisions: [...knownRevisions(state).map(({ id }) => id), `r${state.nextRevision}`],
    images: [...new Set([...wanted.flatMap(({ images }) => Object.values(images)), ...fresh])],
    releases: [...new Set(revisionsOf(state).map(({ release }) => release.digest))],
    warnBelowPercent: littleDiskPercent,
  };
}

async function freshImages(layout: Layout): Promise<string[]> {
  const fresh = (await storedReleases(layout)).filter(isFresh);
  return fresh.flatMap(({ images }) => images.map(({ id }) => id));
}

/**
 * Collects on some machines what one environment no longer needs, and releases' files that none does; called by its own
 * flow, whose fence it is. While images are being made no container or image is collected, for they belong to no release
 * yet. On machines of earlier revisions, which nobody looks after any more, it is tried once.
 *
 * @returns The machines on which it could not be done, and why; empty when there was nothing to do.
 */
export async function collect(
  state: EnvironmentState,
  { machines: names, fence }: { machines: string[]; fence: number },
  parts: Parts,
): Promise<Map<string, unknown>> {
  const undone = new Map<string, unknown>();
  if (names.includes(here)) await removeOldReleases(parts).catch((error: unknown) => undone.set(here, error));
  if (!hasContainers(state)) return undone;
  if (parts.making.size > 0) return new Map(names.map((name) => [name, null]));
  const keep = await keepFor(state, parts);
  const left = names.includes(here) ? leftMachines(state) : [];
  const done: Collected[] = [];
  await Promise.all(
    [...names, ...left].map(async (name) => {
      const { containers } = parts.machines.of(name);
      await containers.collect(keep, fence).then(
        (collected) => done.push(onMachine(name, collected)),
        (error: unknown) => names.includes(name) && undone.set(name, error),
      );
    }),
  );
  if (done.length > 0) parts.collections.set(state.scope, together(done));
  return undone;
}

function leftMachines(state: EnvironmentState): string[] {
  const present = machinesOf(state);
  const earlier = new Set(state.past.flatMap(({ machines }) => machines));
  return [...earlier].filter((name) => !present.includes(name));
}

function onMachine(
  machine: string,
  { containers, networks, images, warnings, ...rest }: Collected,
): Collected {
  const named = (things: string[]) => things.map((thing) => nameOn(machine, thing));
  return {
    ...rest,
    containers: named(containers),
    networks: named(networks),
    images: named(images),
    warnings: machine === here ? warnings : warnings.map((warning) => `${machine}: ${warning}`),
  };
}

function together(all: Collected[]): Collected {
  const free = all.flatMap(({ freePercent }) => (freePercent === null ? [] : [freePercent]));
  return {
    containers: all.flatMap(({ containers }) => containers),
    networks: all.flatMap(({ networks }) => networks),
    images: all.flatMap(({ images }) => images),
    freedBytes: all.reduce((sum, { freedBytes }) => sum + freedBytes, 0),
    freePercent: free.length === 0 ? null : Math.min(...free),
    warnings: [...new Set(all.flatMap(({ warnings }) => warnings))],
  };
}

/** Collects in every environment and among the releases; with `dryRun` only tells which images and releases would go. */
export async function collectAll({ dryRun }: { dryRun: boolean }, parts: Parts): Promise<CollectionView> {
  const states = (await environmentStates(parts.store)).filter(hasContainers);
  const [first] = states;
  const full = await homeDiskWarnings(parts.layout.home);
  const releases = await (dryRun ? oldReleases(parts) : removeOldReleases(parts));
  const left = {
    dryRun,
    releases: releases.map(releaseName),
    freedBytes: releases.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    warnings: full,
  };
  if (!first) return { ...left, containers: [], networks: [], images: [] };
  requireNothingMade(parts);
  if (dryRun) {
    const { images } = await keepFor(first, parts);
    const unneeded = await unneededImages(parts.docker.engine, parts.docker.homeId, images);
    const names = unneeded.flatMap(({ shown }) => shown);
    return { ...left, containers: [], networks: [], images: names };
  }
  const views: Collected[] = [];
  for (const { scope } of states) views.push(await asked(scope, parts));
  return {
    ...left,
    containers: views.flatMap(({ containers }) => containers),
    networks: views.flatMap(({ networks }) => networks),
    images: views.flatMap(({ images }) => images),
    freedBytes: views.reduce((sum, { freedBytes }) => sum + freedBytes, left.freedBytes),
    warnings: [...new Set(views.flatMap(({ warnings }) => warnings)), ...full],
  };
}

function releaseName({ app, commit }: Release): string {
  return `the files of ${app} at ${commit.slice(0, 7)}`;
}

async function asked(scope: string, { store, collections, making }: Parts): Promise<Collected> {
  collections.delete(scope);
  await store.flows.signal(environmentFlowId(scope), 'collect', null);
  const deadline = performance.now() + answeredWithinMs;
  for (;;) {
    const token = store.changeToken();
    const collected = collections.get(scope);
    if (collected) return collected;
    requireNothingMade({ making });
    if (performance.now() > deadline) {
      throw new CodedError(
        'wiring/not-collected',
        `${scope} has not collected its garbage within ${answeredWithinMs / 1_000} s`,
        {
          help: 'see what holds it up: slipway status',
        },
      );
    }
    await store.waitForChange(token, 100);
  }
}

function requireNothingMade({ making }: Pick<Parts, 'making'>): void {
  if (making.size === 0) return;
  throw new CodedError('wiring/images-under-way', 'images are being made at this moment', {
    help: 'try again when the ship has got further: slipway status',
  });
}
