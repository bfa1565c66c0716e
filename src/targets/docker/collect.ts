import type { ContainerInfo } from 'dockerode';
import { CodedError } from '../../diagnostics/index.ts';
import type { Engine } from '../../docker/index.ts';
import type { Collected, Keep } from './model.ts';
import { dropFiles } from './mounts.ts';
import { label, sharedRevision } from './names.ts';
import type { Place } from './place.ts';
import { unneededImages } from './unneeded-images.ts';

/** A container that was made and never started belongs to a start that died. */
const abandonedAfterS = 3600;

/** Removes what this home made, in one scope, and nothing needs any more; images of all its scopes. */
export async function collectGarbage(place: Place, keep: Keep): Promise<Collected> {
  const { engine, homeId } = place;
  const own = { [label.home]: homeId, [label.scope]: keep.scope };
  const kept = new Set([...keep.revisions, sharedRevision]);
  const containers: string[] = [];
  for (const container of (await engine.containers.list(own)).filter((one) => isAbandoned(one, kept))) {
    await engine.containers.remove(container.Id);
    await dropFiles(place, keep.scope, nameOf(container));
    containers.push(nameOf(container));
  }
  const networks: string[] = [];
  for (const { Id, Name, Labels } of await engine.networks.list(own)) {
    const inUse = kept.has(Labels?.[label.revision] ?? sharedRevision) || (await hasContainers(engine, Id));
    if (inUse) continue;
    if (await ignoring(engine.networks.remove(Id))) networks.push(Name);
  }
  const { images, freedBytes } = await collectImages(engine, keep.imagesOf ?? homeId, keep);
  const freePercent = await engine.freePercent();
  const warnings = await warningsOf(engine, freePercent, keep);
  return { containers, networks, images, freedBytes, freePercent, warnings };
}

/** A copy that runs is for delivery to stop, never for us. */
function isAbandoned({ State, Labels, Created }: ContainerInfo, kept: ReadonlySet<string>): boolean {
  const ageS = Date.now() / 1000 - Created;
  if (State === 'created') return ageS > abandonedAfterS;
  return (State === 'exited' || State === 'dead') && !kept.has(Labels[label.revision] ?? sharedRevision);
}

function nameOf({ Names, Id }: ContainerInfo): string {
  return Names[0]?.slice(1) ?? Id;
}

async function hasContainers(engine: Engine, id: string): Promise<boolean> {
  const network = await engine.networks.inspect(id);
  return Object.keys(network?.Containers ?? {}).length > 0;
}

async function collectImages(engine: Engine, homeId: string, keep: Keep) {
  const unneeded = await unneededImages(engine, homeId, keep.images);
  if (unneeded.length === 0) return { images: [], freedBytes: 0 };
  const before = await engine.diskUse();
  const images: string[] = [];
  for (const { shown, names } of unneeded) {
    // By its names: whoever gave it another one meanwhile, or runs it, keeps it.
    for (const name of names)
      if ((await engine.images.remove(name)) && shown.includes(name)) images.push(name);
  }
  const after = await engine.diskUse();
  return { images, freedBytes: Math.max(0, before.imagesBytes - after.imagesBytes) };
}

async function ignoring(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    // Something was connected to it meanwhile.
    if (error instanceof CodedError && /active endpoints/.test(error.message)) return false;
    throw error;
  }
}

async function warningsOf(engine: Engine, freePercent: number | null, keep: Keep): Promise<string[]> {
  if (freePercent === null || freePercent >= keep.warnBelowPercent) return [];
  const { dataDirectory } = await engine.info();
  const { imagesBytes, volumesBytes, buildCacheBytes } = await engine.diskUse();
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return [
    `only ${freePercent.toFixed(1)} % of the disk of ${dataDirectory} is free; the engine holds ${gib(imagesBytes)} GiB of images, ` +
      `${gib(volumesBytes)} GiB of volumes and ${gib(buildCacheBytes)} GiB of build cache (docker system df shows more, docker builder prune empties the cache)`,
  ];
}
