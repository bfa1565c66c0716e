import type { Span } from '../diagnostics/index.ts';

/**
 * A Compose project after interpolation, merge, `extends`, `include` and profiles: what `docker compose config` would
 * print, typed. Plain data without secrets' values. Rules: the Compose Specification.
 */
export interface ComposeProject {
  /** `name:` of the file, else null. */
  name: string | null;
  /** Services of the active profiles, each after those it depends on. */
  services: ComposeService[];
  /** Named volumes by key. */
  volumes: Record<string, NamedVolume>;
  /** Networks by key; `default` is there unless no service uses it. */
  networks: Record<string, Network>;
  secrets: Record<string, FileSource>;
  configs: Record<string, FileSource>;
}

/** One service, in its long forms. */
export interface ComposeService {
  name: string;
  /** Where its key stands. */
  at: Span;
  /** Null when it is only built. */
  image: string | null;
  build: ImageBuild | null;
  pullPolicy: 'always' | 'missing' | 'never' | 'build' | null;
  platform: string | null;
  /** Null: as the image says. An empty list takes away what the image says. */
  entrypoint: string[] | null;
  command: string[] | null;
  workingDir: string | null;
  user: string | null;
  groupAdd: string[];
  /** `env_file` and `environment` together; null is a name without value that the project's environment lacks, too. */
  environment: Record<string, string | null>;
  ports: PublishedPort[];
  /** Container ports, TCP. */
  expose: number[];
  mounts: Mount[];
  /** Networks by key; empty with `networkMode`. */
  networks: Record<string, { aliases: string[] }>;
  networkMode: string | null;
  hostname: string | null;
  domainname: string | null;
  dns: string[];
  dnsSearch: string[];
  /** `host:address` */
  extraHosts: string[];
  dependsOn: Dependency[];
  healthcheck: Healthcheck | null;
  restart: { policy: 'no' | 'always' | 'on-failure' | 'unless-stopped'; maxRetries: number | null };
  stopGraceMs: number;
  stopSignal: string | null;
  init: boolean;
  privileged: boolean;
  readOnly: boolean;
  capAdd: string[];
  capDrop: string[];
  securityOpt: string[];
  /** `host:container:permissions` */
  devices: string[];
  sysctls: Record<string, string>;
  ulimits: Record<string, { soft: number; hard: number }>;
  shmSizeBytes: number | null;
  pid: string | null;
  ipc: string | null;
  oomScoreAdj: number | null;
  tty: boolean;
  stdinOpen: boolean;
  labels: Record<string, string>;
  /** An empty driver is the engine's own choice. */
  logging: { driver: string; options: Record<string, string> } | null;
  limits: { memoryBytes: number | null; cpus: number | null; pids: number | null };
  reservations: { memoryBytes: number | null; cpus: number | null };
  deploy: Deploy;
  secrets: FileGrant[];
  configs: FileGrant[];
  hooks: { preStart: Hook[]; postStart: Hook[]; preStop: Hook[] };
  /** What the Engine takes as it is: to be spread into `HostConfig`. */
  hostConfig: HostConfigExtras;
  /** Values under `x-*` keys, as they stand. */
  extensions: Record<string, unknown>;
}

/** Rarely used keys of a service that one Engine honours, named as in `HostConfig` of its API; only those written. */
export interface HostConfigExtras {
  BlkioWeight?: number;
  BlkioWeightDevice?: { Path: string; Weight: number }[];
  BlkioDeviceReadBps?: { Path: string; Rate: number }[];
  BlkioDeviceReadIOps?: { Path: string; Rate: number }[];
  BlkioDeviceWriteBps?: { Path: string; Rate: number }[];
  BlkioDeviceWriteIOps?: { Path: string; Rate: number }[];
  CgroupParent?: string;
  CgroupnsMode?: string;
  CpuPeriod?: number;
  CpuQuota?: number;
  CpuRealtimePeriod?: number;
  CpuRealtimeRuntime?: number;
  CpuShares?: number;
  CpusetCpus?: string;
  DeviceCgroupRules?: string[];
  /** `gpus` and `deploy.resources.reservations.devices`; a count of -1 is all of them. */
  DeviceRequests?: {
    Driver: string;
    Count: number;
    DeviceIDs: string[];
    Capabilities: string[][];
    Options: Record<string, string>;
  }[];
  DnsOptions?: string[];
  /** Bytes of memory and swap together; -1 for no limit. */
  MemorySwap?: number;
  MemorySwappiness?: number;
  OomKillDisable?: boolean;
  Runtime?: string;
  StorageOpt?: Record<string, string>;
  UTSMode?: string;
  UsernsMode?: string;
  Annotations?: Record<string, string>;
}

export interface ImageBuild {
  /** Folder relative to the project's root, `.` for the root itself. */
  context: string;
  /** Relative to the context; null with `dockerfileInline`. */
  dockerfile: string | null;
  dockerfileInline: string | null;
  args: Record<string, string | null>;
  target: string | null;
  labels: Record<string, string>;
  /** Image names to try as cache. */
  cacheFrom: string[];
  noCache: boolean;
  network: string | null;
  platforms: string[];
  /** Names of top-level secrets that build steps may mount. */
  secrets: FileGrant[];
  shmSizeBytes: number | null;
  /** Folders relative to the project's root, URLs, or `service:NAME`. */
  additionalContexts: Record<string, string>;
  /** `host:address` */
  extraHosts: string[];
  /** Looks for newer base images. */
  pull: boolean;
  /** Place of the key. */
  at: Span;
}

export interface PublishedPort {
  /** Container port. */
  target: number;
  /** Null lets the engine choose. */
  published: number | null;
  /** Null where the file names none. */
  hostIp: string | null;
  protocol: 'tcp' | 'udp';
  /** Place in the file: a fixed host port can be held by one container alone. */
  at: Span;
}

export type Mount =
  /** `source` is a key of `volumes`; null for an anonymous volume. */
  | {
      kind: 'volume';
      source: string | null;
      target: string;
      readOnly: boolean;
      noCopy: boolean;
      subpath: string | null;
      at: Span;
    }
  /** `source` relative to the project's root, or absolute. */
  | {
      kind: 'bind';
      source: string;
      target: string;
      readOnly: boolean;
      createHostPath: boolean;
      propagation: string | null;
      /** SELinux label: shared or for this container alone. */
      selinux: 'z' | 'Z' | null;
      at: Span;
    }
  | {
      kind: 'tmpfs';
      target: string;
      sizeBytes: number | null;
      mode: number | null;
      /** Other mount options as written, such as `noexec` or `uid=1000`. */
      options: string[];
      at: Span;
    };

export interface Dependency {
  service: string;
  condition: 'started' | 'healthy' | 'completed';
  /** Not required: it is waited for only if it is there. */
  required: boolean;
  /** Restarted together with the one it depends on. */
  restart: boolean;
}

/** Overrides the image's own. `disable` means that there is none. */
export type Healthcheck =
  | { disable: true }
  | {
      disable: false;
      /** `['CMD', …]` or `['CMD-SHELL', script]`; null: the image's. */
      test: string[] | null;
      intervalMs: number | null;
      timeoutMs: number | null;
      startPeriodMs: number | null;
      startIntervalMs: number | null;
      retries: number | null;
    };

export interface Deploy {
  /** `deploy.replicas` or `scale`; null when neither is written. */
  replicas: number | null;
  mode: 'replicated' | 'global' | 'replicated-job' | 'global-job';
  update: UpdateRules | null;
  rollback: UpdateRules | null;
  labels: Record<string, string>;
}

/** `deploy.update_config` and `deploy.rollback_config`. */
export interface UpdateRules {
  /** Keys that the file writes; the others hold Docker's defaults. */
  written: string[];
  /** Copies at a time; 0 for all at once. */
  parallelism: number;
  delayMs: number;
  order: 'stop-first' | 'start-first';
  failureAction: 'pause' | 'continue' | 'rollback';
  monitorMs: number;
  maxFailureRatio: number;
}

/** A secret or config given to a service (or a build) as a file. */
export interface FileGrant {
  /** Key of `secrets` or `configs`. */
  source: string;
  /** Absolute path in the container. */
  target: string;
  uid: string | null;
  gid: string | null;
  mode: number | null;
  at: Span;
}

/** Where the content of a top-level secret or config comes from. */
export type FileSource =
  /** Relative to the project's root, or absolute. */
  | { from: 'file'; path: string }
  | { from: 'environment'; variable: string }
  | { from: 'content'; text: string }
  /** Exists outside; for a secret: in the vault, by this name. */
  | { from: 'external'; name: string };

export interface NamedVolume {
  /** Name on the engine when it is given; null lets the engine's owner choose. */
  name: string | null;
  external: boolean;
  driver: string | null;
  driverOptions: Record<string, string>;
  labels: Record<string, string>;
}

export interface Network {
  name: string | null;
  external: boolean;
  internal: boolean;
  ipv6: boolean;
  driver: string | null;
  driverOptions: Record<string, string>;
  subnets: string[];
  labels: Record<string, string>;
}

/** A command that runs in the service's image or container around its life. */
export interface Hook {
  /** Empty, for `pre_start` alone: what the image says. */
  command: string[];
  /** For `pre_start` alone, which runs in a container of its own; null for the service's image. */
  image: string | null;
  user: string | null;
  privileged: boolean;
  workingDir: string | null;
  environment: Record<string, string | null>;
  at: Span;
}
