import type { HealthDefinition, StrategyDefinition } from '../app/index.ts';

/** One process type of a revision, resolved for its environment. */
export interface RevisionProcess {
  name: string;
  /** Runs with `sh -c`. */
  command: string;
  replicas: number;
  /** Gets traffic; its copies have a port. */
  web: boolean;
  /** Two revisions of it may run at once; a worker that may not is stopped before its successor starts. */
  overlap: boolean;
}

/**
 * The running copies of one release in one environment, with everything needed to start them again.
 * Secrets stand here by name and version, never by value.
 */
export interface Revision {
  /** `r7`: counts up within its environment. */
  id: string;
  release: ReleaseRef;
  processes: RevisionProcess[];
  /** Command to run once per release and environment before anything starts; null for none. */
  releaseCommand: string | null;
  hosts: string[];
  rateLimit: { perMinute: number; burst: number } | null;
  health: HealthDefinition;
  drainTimeoutMs: number;
  configuration: ConfigurationRef;
}

/** A copy that should run. */
export interface DesiredInstance {
  id: string;
  revision: Revision;
  process: RevisionProcess;
}

export interface ReleaseRef {
  /** `sha256:…` over the release's content. */
  digest: string;
  commit: string;
  /** First line of the commit's message. */
  title: string;
}

/** The configuration that a revision started with. */
export interface ConfigurationRef {
  /** Changes when any value changes; hex. */
  fingerprint: string;
  env: Record<string, string>;
  envFile: string | null;
  secrets: { name: string; version: number }[];
}

/** How a rollout should go; from slipway.yml, or chosen by the one who asked. */
export interface RolloutSettings {
  strategy: StrategyDefinition;
  bakeMs: number;
  rollbackWindowMs: number;
}
