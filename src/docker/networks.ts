import type { NetworkInspectInfo, VolumeInspectInfo } from 'dockerode';
import type { EngineCalls } from './call.ts';
import { orNull } from './containers.ts';
import { labelFilter, type LabelFilter } from './labels.ts';

/** A network as it should be made. */
export interface NetworkSettings {
  name: string;
  driver: string | null;
  driverOptions: Record<string, string>;
  internal: boolean;
  ipv6: boolean;
  subnets: string[];
  labels: Record<string, string>;
}

/** Networks of an engine. */
export interface Networks {
  list(labels: LabelFilter): Promise<NetworkInspectInfo[]>;
  /** All of that name, the oldest first: engines before 25 make several when asked at once, and then refuse the name. */
  named(name: string): Promise<NetworkInspectInfo[]>;
  inspect(id: string): Promise<NetworkInspectInfo | null>;
  /** Does nothing when one of that name is there, whoever made it. Of several with these labels the oldest stays. */
  ensure(settings: NetworkSettings): Promise<void>;
  /** Does nothing when the container is on it already. */
  connect(network: string, container: string, aliases: string[]): Promise<void>;
  disconnect(network: string, container: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Named volumes of an engine. Nothing here removes one. */
export interface Volumes {
  inspect(name: string): Promise<VolumeInspectInfo | null>;
  /** Does nothing when one of that name is there. */
  ensure(settings: VolumeSettings): Promise<void>;
}

/** A volume as it should be made. */
export interface VolumeSettings {
  name: string;
  driver: string | null;
  driverOptions: Record<string, string>;
  labels: Record<string, string>;
}

/** Networks over the calls of an engine. */
export function networksOf({ ask }: EngineCalls): Networks {
  const at = (name: string, verb = '') => `/networks/${encodeURIComponent(name)}${verb}`;
  const remove = async (name: string) =>
    void (await orNull(ask({ asked: `remove the network ${name}`, method: 'DELETE', path: at(name) })));
  const named = async (name: string) => {
    const query = { filters: { name: [name] } };
    const asked = { asked: 'list networks', method: 'GET', path: '/networks', query } as const;
    const found = (await ask<NetworkInspectInfo[]>(asked)).filter(({ Name }) => Name === name);
    return found.toSorted((a, b) => `${a.Created} ${a.Id}`.localeCompare(`${b.Created} ${b.Id}`));
  };
  const make = async (settings: NetworkSettings) => {
    const { name, labels } = settings;
    let found = await named(name);
    if (found.length === 0) {
      const asked = `create the network ${name}`;
      try {
        await ask({ asked, method: 'POST', path: '/networks/create', body: creation(settings) });
      } catch (error) {
        // Another one may have been quicker.
        if ((await named(name)).length === 0) throw error;
      }
      found = await named(name);
    }
    const isSame = ({ Labels }: NetworkInspectInfo) =>
      Object.entries(labels).every(([key, value]) => Labels?.[key] === value);
    for (const { Id } of found.slice(1).filter(isSame)) await remove(Id);
  };
  const making = new Map<string, Promise<void>>();
  return {
    named,
    inspect: (id) =>
      orNull(ask<NetworkInspectInfo>({ asked: `inspect the network ${id}`, method: 'GET', path: at(id) })),
    list: (labels) =>
      ask({
        asked: 'list networks',
        method: 'GET',
        path: '/networks',
        query: { filters: labelFilter(labels) },
      }),
    ensure: (settings) => {
      const { name } = settings;
      const made = making.get(name) ?? make(settings).finally(() => making.delete(name));
      making.set(name, made);
      return made;
    },
    connect: async (network, container, aliases) => {
      try {
        await ask({
          asked: `connect ${container} to the network ${network}`,
          method: 'POST',
          path: at(network, '/connect'),
          body: { Container: container, EndpointConfig: { Aliases: aliases } },
        });
      } catch (error) {
        if (!/already (exists in|attached to) network/.test((error as Error).message)) throw error;
      }
    },
    disconnect: async (network, container) =>
      void (await orNull(
        ask({
          asked: `disconnect ${container} from the network ${network}`,
          method: 'POST',
          path: at(network, '/disconnect'),
          body: { Container: container, Force: true },
        }),
      )),
    remove,
  };
}

function creation({ name, driver, driverOptions, internal, ipv6, subnets, labels }: NetworkSettings) {
  return {
    Name: name,
    // Engines before 25 would make a second one of the same name without it, and sometimes do with it.
    CheckDuplicate: true,
    Driver: driver ?? 'bridge',
    Internal: internal,
    EnableIPv6: ipv6,
    Options: driverOptions,
    Labels: labels,
    ...(subnets.length > 0 ? { IPAM: { Config: subnets.map((Subnet) => ({ Subnet })) } } : {}),
  };
}

/** Volumes over the calls of an engine. */
export function volumesOf({ ask }: EngineCalls): Volumes {
  const inspect = (name: string) =>
    orNull(
      ask<VolumeInspectInfo>({
        asked: `inspect the volume ${name}`,
        method: 'GET',
        path: `/volumes/${encodeURIComponent(name)}`,
      }),
    );
  return {
    inspect,
    ensure: async ({ name, driver, driverOptions, labels }) => {
      if (await inspect(name)) return;
      const body = { Name: name, Driver: driver ?? 'local', DriverOpts: driverOptions, Labels: labels };
      await ask({ asked: `create the volume ${name}`, method: 'POST', path: '/volumes/create', body });
    },
  };
}
