import type { ContainerInspectInfo } from 'dockerode';
import { label } from './names.ts';

/** Everything of a container that can be changed after it was made, as it was. */
export interface Expected {
  networks: string[];
  limits: Record<string, number>;
  restart: { Name: string; MaximumRetryCount: number };
}

interface Settings {
  RestartPolicy?: { Name?: string; MaximumRetryCount?: number };
  [name: string]: unknown;
}

/** Limits that `docker update` changes, with their words for people. */
const limitNames: Record<string, string> = {
  Memory: 'its memory limit',
  MemoryReservation: 'its memory reservation',
  NanoCpus: 'its CPU limit',
  PidsLimit: 'its limit of processes',
  CpuShares: 'its CPU shares',
  CpuQuota: 'its CPU quota',
};

/** Takes down what may be changed by hand. Networks that the engine gives by itself do not count. */
export function expectedOf(settings: Settings, networks: readonly string[]): Expected {
  const { RestartPolicy } = settings;
  const limits = Object.keys(limitNames).map((name) => [name, Math.max(0, Number(settings[name] ?? 0))]);
  return {
    networks: networks.toSorted((a, b) => a.localeCompare(b)),
    limits: Object.fromEntries(limits) as Record<string, number>,
    restart: {
      Name: RestartPolicy?.Name || 'no',
      MaximumRetryCount: RestartPolicy?.MaximumRetryCount ?? 0,
    },
  };
}

/** What the container was made with; null when its label cannot be read. */
export function readExpected(container: ContainerInspectInfo): Expected | null {
  try {
    return JSON.parse(container.Config.Labels[label.expected] ?? '') as Expected;
  } catch {
    return null;
  }
}

/** Says what somebody changed since the container was made; null when nothing. */
export function describeDrift(container: ContainerInspectInfo): string | null {
  const expected = readExpected(container);
  if (!expected) return 'its label slipway.expected is damaged';
  const present = presentState(container);
  const changes = [
    ...Object.keys(limitNames)
      .filter((name) => present.limits[name] !== expected.limits[name])
      .map(
        (name) =>
          `${limitNames[name]} was ${expected.limits[name] || 'none'} and is ${present.limits[name] || 'none'}`,
      ),
    ...missing(expected.networks, present.networks).map(
      (name) => `it was disconnected from the network ${name}`,
    ),
    ...missing(present.networks, expected.networks).map((name) => `it was connected to the network ${name}`),
  ];
  if (present.restart.Name !== expected.restart.Name)
    changes.push(`its restart policy was ${expected.restart.Name} and is ${present.restart.Name}`);
  if (container.State.Paused) changes.push('it was paused');
  if (wasStopped(container)) changes.push('it was stopped by hand');
  return changes.length === 0 ? null : changes.join('; ');
}

/** The same facts as they are now. */
export function presentState({ HostConfig, NetworkSettings }: ContainerInspectInfo): Expected {
  // A network of another container, or none at all, is no attachment of its own.
  const networks = Object.keys(NetworkSettings.Networks).filter((name) => name !== 'none' && name !== 'host');
  return expectedOf(HostConfig as unknown as Settings, networks);
}

/** Docker starts one that ends by itself again; one that stays down was told to. */
function wasStopped({ State, HostConfig }: ContainerInspectInfo): boolean {
  const policy = HostConfig.RestartPolicy?.Name;
  return State.Status === 'exited' && (policy === 'always' || policy === 'unless-stopped');
}

function missing(wanted: readonly string[], present: readonly string[]): string[] {
  return wanted.filter((name) => !present.includes(name));
}
