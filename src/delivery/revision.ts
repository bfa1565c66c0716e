import type {
  ChecksDefinition,
  EnvironmentRules,
  HealthDefinition,
  JudgeDefinition,
  SmokeRequest,
  StrategyDefinition,
} from '../app/index.ts';
import type { ComposeProject } from '../compose/index.ts';

/**
 * What a process of a revision is to a rollout.
 *
 * - `web` gets traffic; its copies have a port. At most one process has this role.
 * - `companion` answers other processes of its revision and runs beside its web copies, in two revisions at once.
 * - `worker` is talked to by nobody; it starts after the switch.
 * - `shared` is one for all revisions of its environment; only copies that are to be started have this role.
 */
export type ProcessRole = 'web' | 'companion' | 'worker' | 'shared';

/** One process type of a revision, resolved for its environment. */
export interface RevisionProcess {
  name: string;
  /** Runs with `sh -c`; empty for a container, which `project` describes. */
  command: string;
  replicas: number;
  role: ProcessRole;
  /** Two revisions of it may run at once; a worker that may not is stopped before its successor starts. */
  overlap: boolean;
  /** No two copies of it may run at any time: users wait while it is replaced. Only of the web process. */
  alone: boolean;
  /** Processes of the same revision and shared services that must be up before it starts. */
  after: string[];
}

/** A stateful service: one for all revisions, started once, and replaced by a rollout only where that was allowed. */
export interface SharedService {
  name: string;
  /** Changes with its definition; hex. */
  fingerprint: string;
  /** Changes with what its configs, secrets and mounted files hold; hex. Absent in revisions from before it was kept. */
  content?: string;
  /** Users may wait while a rollout replaces it by what its release says. */
  downtime?: 'allowed';
  /** Shared services that must be up before it starts. */
  after: string[];
}

/** Whether a shared service would be started as it was; what one of both does not know is taken to be the same. */
export function sameShared(one: SharedService, other: SharedService): boolean {
  if (one.fingerprint !== other.fingerprint) return false;
  return one.content === undefined || other.content === undefined || one.content === other.content;
}

/** A command that runs to its end before anything gets traffic: once per release and environment. */
export interface Task {
  /** Process type or service; unique within the revision. */
  name: string;
  /** Runs with `sh -c`; empty for a container, which `project` describes. */
  command: string;
}

/**
 * The running copies of one release in one environment, with everything needed to start them again.
 * Secrets stand here by name and version, never by value.
 */
export interface Revision {
  /** `r7`: counts up within its environment. */
  id: string;
  release: ReleaseRef;
  /** Where it runs, `here` or as ssh names them; at least one. What there may be only one of is on the first. */
  machines: string[];
  processes: RevisionProcess[];
  /** In the order in which they start. */
  shared: SharedService[];
  /** In order. */
  tasks: Task[];
  /** Resolved for the environment, with markers in place of secrets; null for plain processes. */
  project: ComposeProject | null;
  /** Image ids, `sha256:…`, by service. */
  images: Record<string, string>;
  /** Port of the web process inside its container; null for plain processes, which are given one. */
  port: number | null;
  hosts: string[];
  rateLimit: { perMinute: number; burst: number } | null;
  health: HealthDefinition;
  /** Requests that each new web copy must answer so before it gets traffic. */
  smoke: SmokeRequest[];
  drainTimeoutMs: number;
  /** Irreversible: what ran before cannot run on the data that this revision's tasks leave. */
  migration: { irreversible: boolean };
  configuration: ConfigurationRef;
}

/** A copy that should run. */
export interface DesiredInstance {
  /** `r7-web-1`, elsewhere `r7-web-1@deploy@10.0.0.6`; of a shared service `shared-db-1`. */
  id: string;
  machine: string;
  /** Whose definition it runs; of a shared service the revision that it was started with. */
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
  /** The env file as it was kept then; null without one. Absent in revisions from before it was kept. */
  envFileVersion?: number | null;
  secrets: { name: string; version: number }[];
}

/** Whether going from one to the other would change nothing: the same release with the same configuration in the same places. */
export function runsTheSame(one: Omit<Revision, 'id'>, other: Omit<Revision, 'id'>): boolean {
  if (one.release.digest !== other.release.digest) return false;
  if (one.machines.join(' ') !== other.machines.join(' ')) return false;
  return one.configuration.fingerprint === other.configuration.fingerprint;
}

/** How a rollout should go; from slipway.yml, or chosen by the one who asked. */
export interface RolloutSettings {
  strategy: StrategyDefinition;
  bakeMs: number;
  rollbackWindowMs: number;
  rules: EnvironmentRules;
  checks: ChecksDefinition;
  /** Thresholds that the candidate must keep once it has traffic; null for none. */
  judge: JudgeDefinition | null;
}

/** Asks nobody and waits for nothing: of a rollback, which is in a hurry. */
export const noRules: EnvironmentRules = {
  reviewers: [],
  preventSelfReview: false,
  waitTimerMs: 0,
  windows: [],
  deadlineMs: null,
};

/** Checks nothing beyond health. */
export const noChecks: ChecksDefinition = { before: [], after: [] };

/** All copies come up, then traffic switches at once. */
export const switchAtOnce: StrategyDefinition = {
  kind: 'blue-green',
  preview: false,
  hold: { kind: 'none' },
};
