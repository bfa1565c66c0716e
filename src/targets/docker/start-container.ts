import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';
import { CodedError } from '../../diagnostics/index.ts';
import { writeTar } from '../../docker/index.ts';
import { containerOptions } from './container-options.ts';
import type { ContainerSpec, CopySpec, TaskSpec } from './model.ts';
import { archivedFiles, dropFiles, makeMounts } from './mounts.ts';
import { containerName, label } from './names.ts';
import { attachments, ensureNetworks } from './networks.ts';
import type { Place } from './place.ts';

const lookEveryMs = 100;

/** A container that is to run under its name. */
export interface NamedContainer {
  name: string;
  spec: ContainerSpec;
  identity: Record<string, string>;
  publish: CopySpec['publish'];
  staysUp: boolean;
}

/** A copy as a container. */
export function copyContainer(copy: CopySpec): NamedContainer {
  const identity = { [label.instance]: copy.id };
  return {
    name: containerName(copy.scope, copy.id),
    spec: copy,
    identity,
    publish: copy.publish,
    staysUp: true,
  };
}

/** A task as a container, which stays after its end until it is forgotten: it knows how it ended, whoever dies. */
export function taskContainer(task: TaskSpec): NamedContainer {
  const identity = { [label.task]: task.key };
  return { name: containerName(task.scope, task.key), spec: task, identity, publish: [], staysUp: false };
}

/**
 * Makes and starts a container unless it has been started already. Whoever repeats this, or does it at the same time,
 * goes on where another one stopped. One that cannot be started is not left behind.
 * Throws `targets/name-taken` when the name belongs to somebody else, and `docker/…`.
 */
export async function startContainer(place: Place, wanted: NamedContainer): Promise<void> {
  const { engine, homeId } = place;
  const { name, spec } = wanted;
  const present = await engine.containers.inspect(name);
  if (present) refuseForeign(present, place, wanted);
  if (present && present.State.Status !== 'created') return;
  await ensureNetworks({ ...spec, engine, homeId }, usedNetworks(spec));
  const mounts = await makeMounts(place, spec, name);
  const attached = spec.service.networkMode === null ? attachments(spec) : [];
  const options = containerOptions(spec, { ...wanted, homeId, mounts, attached });
  const making = { options, platform: spec.service.platform };
  const made = present ? null : await createOnce(place, name, making);
  try {
    await writeFiles(place, spec, name);
    // The engine has put one that was made just now on its first network.
    const rest = made === null ? attached : attached.slice(1);
    for (const { network, aliases } of rest) await engine.networks.connect(network, name, aliases);
    await engine.containers.start(name);
  } catch (error) {
    // One that another start has made is that one's to remove.
    const left = made === null ? null : await engine.containers.inspect(made);
    if (left?.State.Status === 'created') {
      await engine.containers.remove(left.Id);
      await dropFiles(place, spec.scope, name);
    }
    throw error;
  }
}

interface Making {
  options: ContainerCreateOptions;
  platform: string | null;
}

/** The id of the container that this call has made; null when another one has. */
async function createOnce(
  { engine }: Place,
  name: string,
  { options, platform }: Making,
): Promise<string | null> {
  for (;;) {
    try {
      return await engine.containers.create(name, options, platform);
    } catch (error) {
      // The name is taken from the moment at which another one begins to make the container.
      if (!(error instanceof CodedError && error.code === 'docker/conflict')) throw error;
      if (await engine.containers.inspect(name)) return null;
      await sleep(lookEveryMs);
    }
  }
}

/** Throws `targets/name-taken` for a container that is not this home's, or another environment's. */
export function refuseForeign(
  container: ContainerInspectInfo,
  { homeId }: Place,
  wanted: NamedContainer,
): void {
  const labels = container.Config.Labels;
  const { name, spec, identity } = wanted;
  const own = { [label.home]: homeId, [label.scope]: spec.scope, ...identity };
  if (Object.entries(own).every(([key, value]) => labels[key] === value)) return;
  const owner = labels[label.scope] ?? 'somebody else';
  throw new CodedError(
    'targets/name-taken',
    `a container named ${name} is there already and belongs to ${owner}`,
    {
      help: `rename or remove it: docker rename ${name} old-${name}`,
    },
  );
}

function usedNetworks({ networks, service }: ContainerSpec): ContainerSpec['networks'] {
  const used = Object.entries(networks).filter(([key]) => Object.hasOwn(service.networks, key));
  return Object.fromEntries(used);
}

async function writeFiles({ engine }: Place, spec: ContainerSpec, name: string): Promise<void> {
  const files = archivedFiles(spec);
  if (files.length === 0) return;
  const entries = files.map(({ target, content, ...rest }) => ({
    path: target.replace(/^\/+/, ''),
    content: Buffer.from(content),
    ...rest,
  }));
  await engine.containers.putArchive(name, writeTar(entries));
}
