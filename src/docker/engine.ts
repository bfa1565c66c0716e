import { statfs } from 'node:fs/promises';
import type { ContainerInfo, ImageInfo } from 'dockerode';
import type { EngineAddress } from './address.ts';
import { buildImage, type BuildRequest } from './build.ts';
import { engineCalls } from './call.ts';
import { containersOf, type Containers } from './containers.ts';
import { imagesOf, type Images } from './images.ts';
import { networksOf, volumesOf, type Networks, type Volumes } from './networks.ts';

/** What the engine says of itself. */
export interface EngineInfo {
  /** `20.10.24` */
  version: string;
  /** `1.41` */
  apiVersion: string;
  operatingSystem: string;
  architecture: string;
  cpus: number;
  memoryBytes: number;
  /** Folder of its data, on its machine. */
  dataDirectory: string;
  /** Its swarm, remap, rootless and the like. */
  securityOptions: string[];
  liveRestore: boolean;
}

/** What takes space on an engine, in bytes. */
export interface DiskUse {
  imagesBytes: number;
  containersBytes: number;
  volumesBytes: number;
  buildCacheBytes: number;
}

/** Something that happened on an engine. */
export interface EngineEvent {
  /** `container`, `network`, … */
  Type: string;
  /** `start`, `die`, `oom`, `health_status: healthy`, … */
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  timeNano: number;
}

/** A Docker Engine, on this machine or through ssh. Every call has an end in time; failures are `docker/…`. */
export interface Engine {
  address: EngineAddress;
  /** The program that reaches an `ssh://` one. */
  ssh: string;
  containers: Containers;
  images: Images;
  networks: Networks;
  volumes: Volumes;
  /** Throws what stands in the way: no socket, no permission, ssh. */
  ping(): Promise<void>;
  info(): Promise<EngineInfo>;
  diskUse(): Promise<DiskUse>;
  /** Free share of the disk of its data, 0-100; null when the engine is on another machine. */
  freePercent(): Promise<number | null>;
  /** Returns the image's id. @see buildImage */
  build(request: BuildRequest): Promise<string>;
  /** What happens from now on, until the signal comes. */
  events(filters: Record<string, string[]>, signal: AbortSignal): AsyncGenerator<EngineEvent>;
}

interface EngineOptions {
  /** Program for `ssh://`; the one in the PATH unless told. */
  ssh?: string;
}

/** Opens nothing until something is asked. Throws `docker/bad-address`. */
export function openEngine(url: string, { ssh = 'ssh' }: EngineOptions = {}): Engine {
  const calls = engineCalls(url, ssh);
  const info = () => calls.ask<RawInfo>({ asked: 'describe itself', method: 'GET', path: '/info' });
  return {
    address: calls.address,
    ssh,
    containers: containersOf(calls),
    images: imagesOf(calls),
    networks: networksOf(calls),
    volumes: volumesOf(calls),
    ping: async () =>
      void (await calls.ask({ asked: 'answer', method: 'GET', path: '/_ping', timeoutMs: 20_000 })),
    info: async () => {
      const asked = { asked: 'name its version', method: 'GET', path: '/version' } as const;
      const [raw, version] = await Promise.all([info(), calls.ask<{ ApiVersion: string }>(asked)]);
      return describe(raw, version.ApiVersion);
    },
    diskUse: async () => {
      const asked = {
        asked: 'measure its disk',
        method: 'GET',
        path: '/system/df',
        timeoutMs: 300_000,
      } as const;
      return measure(await calls.ask<RawDiskUse>(asked));
    },
    freePercent: async () => {
      if (calls.address.kind !== 'unix') return null;
      const { bavail, blocks } = await statfs((await info()).DockerRootDir);
      return (100 * bavail) / blocks;
    },
    build: (request) => buildImage(url, request),
    events: (filters, signal) => readEvents(calls, filters, signal),
  };
}

interface RawInfo {
  ServerVersion: string;
  OperatingSystem: string;
  Architecture: string;
  NCPU: number;
  MemTotal: number;
  DockerRootDir: string;
  SecurityOptions: string[] | null;
  LiveRestoreEnabled: boolean;
}

function describe(raw: RawInfo, apiVersion: string): EngineInfo {
  return {
    version: raw.ServerVersion,
    apiVersion,
    operatingSystem: raw.OperatingSystem,
    architecture: raw.Architecture,
    cpus: raw.NCPU,
    memoryBytes: raw.MemTotal,
    dataDirectory: raw.DockerRootDir,
    securityOptions: raw.SecurityOptions ?? [],
    liveRestore: raw.LiveRestoreEnabled,
  };
}

interface RawDiskUse {
  LayersSize: number;
  Images: ImageInfo[] | null;
  Containers: (ContainerInfo & { SizeRw?: number })[] | null;
  Volumes: { UsageData?: { Size: number } | null }[] | null;
  BuildCache: { Size: number }[] | null;
}

function measure({ LayersSize, Containers, Volumes, BuildCache }: RawDiskUse): DiskUse {
  const sum = (sizes: (number | undefined)[] = []) =>
    sizes.reduce<number>((total, size) => total + Math.max(0, size ?? 0), 0);
  return {
    imagesBytes: LayersSize,
    containersBytes: sum(Containers?.map(({ SizeRw }) => SizeRw)),
    volumesBytes: sum(Volumes?.map(({ UsageData }) => UsageData?.Size)),
    buildCacheBytes: sum(BuildCache?.map(({ Size }) => Size)),
  };
}

async function* readEvents(
  calls: ReturnType<typeof engineCalls>,
  filters: Record<string, string[]>,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  // The engine sends its headers with the first event, so this waits for as long as nothing happens.
  const request = { asked: 'tell what happens', method: 'GET', path: '/events', query: { filters } } as const;
  const stream = await calls.stream({ ...request, timeoutMs: 2 ** 31 - 1, signal });
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as EngineEvent;
  }
}
