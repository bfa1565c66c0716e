import type { Network } from '../../compose/index.ts';
import type { Engine } from '../../docker/index.ts';
import type { ContainerSpec } from './model.ts';
import { label, networkName, sharedRevision } from './names.ts';

/** A network that a container is on. */
export interface Attachment {
  network: string;
  aliases: string[];
}

/**
 * Networks of a container, the one that it is reached on first. Each network of the Compose file becomes two: one of
 * the revision, where a service's name means the copies of that revision, and one of the environment, where it means
 * the shared service. A network from outside stays one, and there only what the file names is an alias, lest two
 * revisions answer to one name.
 */
export function attachments({ scope, revision, service, networks }: ContainerSpec): Attachment[] {
  const own: Attachment[] = [];
  const common: Attachment[] = [];
  for (const [key, { aliases }] of Object.entries(service.networks)) {
    const external = externalName(key, networks[key]);
    if (external !== null) {
      common.push({ network: external, aliases });
      continue;
    }
    const named = [service.name, ...aliases];
    const isShared = revision === sharedRevision;
    if (!isShared) own.push({ network: networkName(scope, key, revision), aliases: named });
    common.push({ network: networkName(scope, key, null), aliases: isShared ? named : [] });
  }
  return [...own, ...common];
}

interface NetworkOwner {
  engine: Engine;
  homeId: string;
  scope: string;
  revision: string;
}

/** Whether `ensureNetworks` would find nothing to make. */
export async function areNetworksThere(
  { engine, scope, revision }: Omit<NetworkOwner, 'homeId'>,
  networks: Record<string, Network>,
): Promise<boolean> {
  const names = Object.entries(networks)
    .filter(([key, network]) => externalName(key, network) === null)
    .flatMap(([key]) => owners(revision).map((whose) => networkName(scope, key, whose)));
  const found = await Promise.all(names.map((name) => engine.networks.named(name)));
  return found.every(({ length }) => length === 1);
}

/** Whose networks a revision uses: the environment's and its own. */
function owners(revision: string): (string | null)[] {
  return revision === sharedRevision ? [null] : [null, revision];
}

/** Makes the networks that are not there yet. */
export async function ensureNetworks(owner: NetworkOwner, networks: Record<string, Network>): Promise<void> {
  const { engine, homeId, scope, revision } = owner;
  for (const [key, network] of Object.entries(networks)) {
    if (externalName(key, network) !== null) continue;
    for (const whose of owners(revision)) {
      const labels = {
        ...network.labels,
        [label.home]: homeId,
        [label.scope]: scope,
        [label.revision]: whose ?? sharedRevision,
      };
      await engine.networks.ensure({
        name: networkName(scope, key, whose),
        driver: network.driver,
        driverOptions: network.driverOptions,
        internal: network.internal,
        ipv6: network.ipv6,
        // A range of addresses can be given to one network alone.
        subnets: whose === null ? network.subnets : [],
        labels,
      });
    }
  }
}

function externalName(key: string, network: Network | undefined): string | null {
  if (!network?.external) return null;
  return network.name ?? key;
}
