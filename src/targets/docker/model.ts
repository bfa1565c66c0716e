import type { ComposeService, NamedVolume, Network, PublishedPort } from '../../compose/index.ts';
import type { CommandObservation, InstanceObservation, Preparation } from '../../delivery/index.ts';

/** A container of an app, with everything resolved: what a copy and a task have in common. */
export interface ContainerSpec {
  /** `medianest/production` */
  scope: string;
  /** `r7`, or `shared` for what all revisions have in common. */
  revision: string;
  /** Digest of the release: a label. */
  release: string;
  /** As the Compose file says it, secrets in place of their markers. Its `ports` are not looked at: see `publish`. */
  service: ComposeService;
  /** The whole environment, secrets included. */
  environment: Record<string, string>;
  /** The engine's id: `sha256:…`. */
  image: string;
  /** Networks and volumes of the project, by key. */
  networks: Record<string, Network>;
  volumes: Record<string, NamedVolume>;
  /** Secrets and configs. */
  files: ContainerFile[];
  /** The release's files, for bind mounts that the commit has; absolute. */
  directory: string;
  /** For bind mounts that the commit does not have; absolute. Outlives revisions. */
  bindsDirectory: string;
}

/** One running container of a service. */
export interface CopySpec extends ContainerSpec {
  /** `r7-web-1`, or `shared-db-1` */
  id: string;
  /** Where it answers, inside its network; null when nobody is sent to it. */
  port: number | null;
  /** Ports of the machine that lead to it; without an address, on 127.0.0.1 alone. None for what a router sends to. */
  publish: PublishedPort[];
  /** Where its hooks write. The container's own words are kept by the engine. */
  logFile: string;
}

/** A service that runs to its end, once for its key. */
export interface TaskSpec extends ContainerSpec {
  /** Unique within the scope; the same key never runs twice. */
  key: string;
  logFile: string;
}

/** A file that is written into a container before it starts; never into labels, environment or the engine's settings. */
export interface ContainerFile {
  /** Absolute path in the container. */
  target: string;
  content: string;
  /** Permission bits. */
  mode: number;
  uid: number;
  gid: number;
}

/** What a revision needs before its first container starts. */
export interface PreparationSpec {
  scope: string;
  revision: string;
  images: NeededImage[];
  /** Networks of the project, by key. */
  networks: Record<string, Network>;
  /** Engine that has the images, such as the one that built them: `unix://…`, `ssh://…`; null when there is none. */
  imagesFrom: string | null;
  logFile: string;
}

/** An image that must be on the engine. */
export interface NeededImage {
  /** `sha256:…` */
  id: string;
  /** `postgres@sha256:…`, to pull it by; null when no registry has it. */
  digest: string | null;
  /** For people: `postgres:15`, or the service that it was built for. */
  name: string;
}

/** A question whether a copy is ready. It goes to the container's own address and nowhere else. */
export interface ContainerProbe {
  /** `r7-web-1` */
  instance: string;
  /** Inside its network; null when it has none. */
  port: number | null;
  /** Names what asks. A healthcheck answers for it only from the first question with that name on. */
  moment: string;
  check:
    /** Healthy by its own healthcheck; running, when it has none. */
    | { kind: 'own' }
    /** GET must answer 2xx; path null takes any answer. A container with a healthcheck must be healthy, too. */
    | { kind: 'http'; path: string | null }
    | { kind: 'tcp' }
    /** Runs with `sh -c` inside; must end with 0. */
    | { kind: 'command'; command: string };
  probeTimeoutMs: number;
}

/** What `collect` leaves alone. */
export interface Keep {
  scope: string;
  /** Revisions that run, stand by, or may be gone back to: `r7`. Shared services are always kept. */
  revisions: string[];
  /** Images of the releases that a way back needs, `sha256:…`, of all apps. */
  images: string[];
  /** Home whose built images are looked at; this one unless told, for they may have come from another machine's. */
  imagesOf?: string;
  /** Asks for a warning when less than this share of the disk is left, 0-100. */
  warnBelowPercent: number;
}

/** What `collect` has removed, for people. */
export interface Collected {
  containers: string[];
  networks: string[];
  images: string[];
  /** Of the images. */
  freedBytes: number;
  /** Free share of the engine's disk, 0-100; null when the engine is on another machine. */
  freePercent: number | null;
  warnings: string[];
}

/**
 * Runs revisions as containers of one engine. Every method may be repeated. Those with a fence throw
 * `supervisor/stale-fence` when a newer owner has acted for the scope.
 */
export interface DockerTarget {
  /** Asks for the revision's images and networks; `observePrepared` tells how far it is. Asked after a failure, it tries again. */
  prepare(preparation: PreparationSpec, fence: number): Promise<void>;
  observePrepared(preparation: PreparationSpec): Promise<Preparation>;
  /** Starts the copy, and again after every end, restart of the engine and reboot. Does nothing for one that is there. */
  start(copy: CopySpec, fence: number): Promise<void>;
  /** Asks for the copy's end: pre_stop hooks, stop signal, grace, SIGKILL, removal. Done when `observe` no longer shows it. */
  stop(scope: string, instanceId: string, fence: number): Promise<void>;
  /** All copies of a scope, shared services included; those that `probes` names and that run are probed, all at once. */
  observe(scope: string, probes: readonly ContainerProbe[]): Promise<InstanceObservation[]>;
  /** Undoes what somebody changed by hand, without a restart where the container still runs; starts one that has ended or is gone. */
  repair(copy: CopySpec, fence: number): Promise<void>;
  /** Runs a task unless its key has run or is running. */
  runCommand(task: TaskSpec, fence: number): Promise<void>;
  observeCommand(scope: string, key: string): Promise<CommandObservation>;
  /**
   * Forgets a task, so that its key may run again. Asks for the end of one that runs: stop signal, grace, SIGKILL, removal;
   * to be repeated until `observeCommand` says `none`.
   */
  forgetCommand(scope: string, key: string, fence: number): Promise<void>;
  /** Last lines of a copy's own output, oldest first. */
  readLog(scope: string, instanceId: string, lines: number): Promise<string[]>;
  /** Removes containers, networks and images that carry this home's labels and that nothing needs. */
  collect(keep: Keep, fence: number): Promise<Collected>;
}
