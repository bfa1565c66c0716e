import type { CommandObservation, InstanceObservation } from '../../delivery/index.ts';

/** One copy of one process of a revision, with everything resolved. */
export interface InstanceSpec {
  /** `medianest/production` */
  scope: string;
  /** `r7-web-1`, as `instanceId` of delivery makes it. */
  id: string;
  /** `r7` */
  revision: string;
  /** Runs with `sh -c`. */
  command: string;
  /** The release's files; never written to by Slipway. */
  directory: string;
  /** The whole environment, secrets included; see `processEnvironment`. PORT is added. */
  env: Record<string, string>;
  needsPort: boolean;
  stopGraceMs: number;
  logFile: string;
}

/** A command that runs to its end, once for its key: a release command. */
export interface CommandSpec {
  scope: string;
  /** Unique within the scope; the same key never runs twice. */
  key: string;
  /** Runs with `sh -c`. */
  command: string;
  directory: string;
  env: Record<string, string>;
  stopGraceMs: number;
  logFile: string;
}

/** A question whether a copy is ready. */
export interface Probe {
  /** `r7-web-1` */
  instance: string;
  /** HTTP path that must answer 2xx; null asks only for an open port. */
  path: string | null;
  probeTimeoutMs: number;
}

/**
 * Runs revisions as plain processes. Every method may be repeated. Those with a fence throw `supervisor/stale-fence`
 * when a newer owner has acted for the scope.
 */
export interface ProcessTarget {
  /** Points the revision's folder at its files and asks for the copy to run, now and after every reboot. */
  start(instance: InstanceSpec, fence: number): Promise<void>;
  /** Asks for the copy's end: SIGTERM, grace, SIGKILL. Done when `observe` no longer shows it. */
  stop(scope: string, instanceId: string, fence: number): Promise<void>;
  /** All copies of a scope; those that `probes` names and that run are probed, all at once. */
  observe(scope: string, probes: readonly Probe[]): Promise<InstanceObservation[]>;
  /** Runs a command unless its key has run or is running; a second call with other contents changes nothing. */
  runCommand(command: CommandSpec, fence: number): Promise<void>;
  observeCommand(scope: string, key: string): Promise<CommandObservation>;
  /** Forgets a command, ending it if it runs, so that its key may run again. */
  forgetCommand(scope: string, key: string, fence: number): Promise<void>;
}
