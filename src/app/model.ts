import type { Span } from '../diagnostics/index.ts';

/** One line of a Procfile. */
export interface ProcessType {
  name: string;
  /** Runs with `sh -c`. */
  command: string;
  at: Span;
}

/** What the repository says about itself: `Procfile` and `slipway.yml`, typed. Plain data, part of the release. */
export interface App {
  /** `name:` of slipway.yml, else the name given by the caller (the folder's or package's). */
  name: string;
  /** The long-running ones; `release` is not among them. */
  processes: ProcessType[];
  /** Process type that gets traffic; `web`. Null when the app has none. */
  webProcess: string | null;
  /** Command of the `release` process type: migrations, once per release and environment. */
  releaseCommand: string | null;
  release: ReleaseRules;
  /** What jobs see as `vars`; an environment's own come on top. */
  vars: Record<string, string>;
  /** In promotion order. */
  environments: EnvironmentDefinition[];
}

/** Which files a release holds beyond the commit's own. */
export interface ReleaseRules {
  /** Name of the uploaded artifact that is laid over the commit's files; null applies the obvious rule. */
  artifact: string | null;
  /** Whether production dependencies are installed into the release; null applies the obvious rule. */
  install: boolean | null;
}

export interface EnvironmentDefinition {
  name: string;
  /** Patterns of branches that may deploy here; empty means every branch. */
  branches: string[];
  /** Takes only the release that this environment ran for the commit. */
  promoteFrom: string | null;
  /** Host names that users reach it by. */
  hosts: string[];
  env: Record<string, string>;
  /** What jobs of this environment see as `vars`, on top of the app's. */
  vars: Record<string, string>;
  /** Path of an env file on the server's machine, which must have mode 0600. */
  envFile: string | null;
  /** Names of secrets that processes get as environment variables. */
  secrets: string[];
  /** Copies of each process type; 1 by default. */
  replicas: Record<string, number>;
  strategy: StrategyDefinition;
  health: HealthDefinition;
  drainTimeoutMs: number;
  /** The watch after 100 %. */
  bakeMs: number;
  /** How long the old revision stands by after a success. */
  rollbackWindowMs: number;
  /** Worker types of which two revisions may run at once. */
  overlap: string[];
  rateLimit: { perMinute: number; burst: number } | null;
}

/** How traffic moves. */
export type StrategyDefinition =
  /** Replicas are brought up and take their share of traffic, `batch` at a time. */
  | { kind: 'rolling'; batch: number }
  /** All replicas come up; traffic switches at once. */
  | { kind: 'blue-green' };

/** When a started process counts as ready. */
export interface HealthDefinition {
  /** HTTP path that must answer 2xx; null asks only for an open port. */
  path: string | null;
  intervalMs: number;
  /** How long one probe may take. */
  probeTimeoutMs: number;
  /** Consecutive successes needed. */
  successes: number;
  /** From start to ready. */
  deadlineMs: number;
}
