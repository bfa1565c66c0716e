import type { Span } from '../diagnostics/index.ts';

/** One line of a Procfile. */
export interface ProcessType {
  name: string;
  /** Runs with `sh -c`. */
  command: string;
  at: Span;
}

/** What the repository says about itself: `Procfile` or Compose files, and `slipway.yml`, typed. Plain data, part of the release. */
export interface App {
  /** `name:` of slipway.yml, else the name given by the caller (the folder's or package's). */
  name: string;
  /** Plain processes, or containers. */
  kind: 'procfile' | 'compose';
  /** Null for a Procfile. Its services become typed when the app is resolved for an environment (`composeFor`). */
  compose: ComposeFiles | null;
  /** What slipway.yml says about the service that gets traffic; null where it leaves that to the Compose file. */
  route: { service: string | null; port: number | null };
  /** What slipway.yml says about services of the Compose file, by name. */
  services: Record<string, ServiceRules>;
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

/** The Compose files of an app, as slipway.yml names them. */
export interface ComposeFiles {
  /**
   * From the repository's root; a later one is merged over those before it. Null: those of COMPOSE_FILE in `.env`, else
   * the usual ones with their override.
   */
  files: string[] | null;
  /** Profiles that are active. */
  profiles: string[];
}

/**
 * What a service is to a rollout.
 *
 * - `web` gets traffic through the router; one service has this role.
 * - `companion` answers other services of its app, and runs in each revision beside its web copies.
 * - `worker` is talked to by nobody; it starts after the switch.
 * - `task` runs to its end, once for each release and environment, before traffic.
 * - `shared` holds state: one for all revisions, started once and never doubled.
 */
export type ServiceRole = 'web' | 'companion' | 'worker' | 'task' | 'shared';

/** What slipway.yml says about one service of the Compose file. */
export interface ServiceRules {
  role?: ServiceRole;
  /** Two revisions of it may run at once. */
  overlap?: boolean;
  /** Users may be without it while it is replaced, because only one of it may run. */
  downtime?: 'allowed';
  /** Where slipway.yml says so. */
  at: Span;
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
  /** Keys that slipway.yml leaves out; for a Compose app their values come from its file (`composeFor`). */
  unwritten: ('strategy' | 'health.deadline' | 'bake')[];
  /** Patterns of branches that may deploy here; empty means every branch. */
  branches: string[];
  /** Takes only the release that this environment ran for the commit. */
  promoteFrom: string | null;
  /** Host names that users reach it by. */
  hosts: string[];
  /** At least one: `here` for the server's own, or what ssh takes. Each runs all copies; the first also what runs once. */
  machines: string[];
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
  rules: EnvironmentRules;
  /** Requests that each new web copy must answer so before it gets traffic. */
  smoke: SmokeRequest[];
  checks: ChecksDefinition;
  /** How what comes is judged while it has traffic; null for not at all. */
  judge: JudgeDefinition | null;
  migration: MigrationRules;
}

/** What must hold before a new revision gets traffic, and after each step that gave it some; in order, none by default. */
export interface ChecksDefinition {
  before: CheckDefinition[];
  after: CheckDefinition[];
}

/** One check; what has not passed within its time takes the rollout back. */
export type CheckDefinition =
  /** Runs once, with `sh -c`, in the image or the files of the new revision, and must end with 0. */
  | { kind: 'command'; command: string; timeoutMs: number }
  /** A GET that is asked again until the answer is as expected. */
  | { kind: 'request'; request: RequestCheck; timeoutMs: number };

/** What a GET must be answered. */
export interface RequestCheck {
  path: string;
  status: number;
  /** Texts that headers of the answer must hold, by name in lower case. */
  headers: Record<string, string>;
  /** A text that the body must hold; null for any body. */
  body: string | null;
  /** Values that the body, as JSON, must have, by path: `database.up`. */
  json: Record<string, string | number | boolean | null>;
}

/** Who and what a rollout waits for, before anything is touched. */
export interface EnvironmentRules {
  /** Users of whom one must approve; empty for none. */
  reviewers: string[];
  /** Whoever asked for the rollout may not approve it. */
  preventSelfReview: boolean;
  waitTimerMs: number;
  /** A rollout begins only within one of these; empty for at any time. */
  windows: DeploymentWindow[];
  /** From its start, after these rules, to all traffic on the new revision, people's approvals included; null for none. */
  deadlineMs: number | null;
}

/** A time of the week. */
export interface DeploymentWindow {
  /** As written: `Mon-Fri 09:00-17:00 Europe/Berlin`. */
  text: string;
  /** 1 for Monday to 7 for Sunday, sorted. */
  days: number[];
  /** Minutes after midnight, 0-1439. */
  fromMinute: number;
  /** 1-1440, not included. Not after `fromMinute`: it ends the day after. */
  toMinute: number;
  /** IANA name; `UTC` when none is written. */
  timeZone: string;
}

/** A GET that must be answered with this status. */
export interface SmokeRequest {
  path: string;
  status: number;
}

/**
 * How the revision that comes is judged while it has traffic. `level` is the word that people chose; every number beneath
 * it can be written by itself.
 */
export interface JudgeDefinition {
  level: JudgeLevel;
  /** Chance, 0-1, that a candidate as good as the stable revision is taken back, over a whole rollout. */
  falseAlarm: number;
  /** Share of requests that may fail, 0-1; less is right. Null: only what the stable revision has is asked. */
  errorRate: number | null;
  /** Time within which 95 of 100 requests are answered; null: only what the stable revision has is asked. */
  p95Ms: number | null;
  /** Fewer requests than these say nothing of a bound. */
  minRequests: number;
  /** A candidate of which surely fewer sessions than this share failed is proven good, 0-1. */
  provenBelow: number;
  /** How long after its first traffic the candidate's slowness is not looked at, while its caches are cold. */
  warmUpMs: number;
  /**
   * A copy may stand still for about so long, which makes all slow who are there: slowness must show in one such stretch of
   * time after the other. 0: each session counts by itself.
   */
  stallMs: number;
  undecided: Undecided;
  metrics: MetricDefinition[];
  /** Null: traffic of users alone is looked at. */
  probes: ProbesDefinition | null;
}

export type JudgeLevel = 'careful' | 'balanced' | 'fast';

/** What a hold that is over does while nothing is proven: go on and say so, stay until it is, or ask somebody. */
export type Undecided = 'go-on' | 'hold' | 'ask';

/** Something that is measured of the candidate, and held against a bound, against the stable revision, or both. */
export interface MetricDefinition {
  /** Unique within its judge. */
  name: string;
  source: MetricSource;
  /** The value must be less; null for no such bound. */
  below: number | null;
  /** The value must be more; null for no such bound. */
  above: number | null;
  /** At most so many times what the stable revision has; null: not compared. */
  times: number | null;
  /** Time between two readings. */
  intervalMs: number;
  /** Consecutive readings past a bound that take the rollout back. */
  failures: number;
}

/** `$revision` in a query, URL or command stands for the revision that is measured, `$app` and `$environment` for its place; `$variant` for
 * the variant of a flag, in metrics of ramps. */
export type MetricSource =
  /** An instant query that gives one number. */
  | { kind: 'prometheus'; url: string; query: string }
  /** A GET answered with JSON, of which a value by path, `queue.depth`, is a number; empty when all of it is. */
  | { kind: 'http'; url: string; json: string }
  /** Runs with `sh -c` on the server's machine; the last line that it prints is a number. */
  | { kind: 'command'; command: string; timeoutMs: number }
  /** Lines of the copies' logs that match a regular expression, a minute and copy. */
  | { kind: 'log'; pattern: string }
  /** Bytes of memory of a copy, the largest of all; or milliseconds of processor time for each request. */
  | { kind: 'resource'; of: 'memory' | 'cpu' };

/** Requests that Slipway sends by itself where users send too few, to both revisions by lot. */
export interface ProbesDefinition {
  perMinute: number;
  /** Asked in turn; at least one. */
  requests: RequestCheck[];
}

/** What the release's migration means for the way back. */
export interface MigrationRules {
  /** The revision before cannot run on the migrated data, so going back across it is refused. */
  irreversible: boolean;
  /** The old and the new revision cannot run on one schema, so it should be split in two releases. */
  twoReleases: boolean;
  /** Runs in the image of the web service, for a Compose app without a task of its own; null for none. */
  command: string | null;
}

/** How traffic moves. */
export type StrategyDefinition =
  /**
   * Replicas are brought up and take their share of traffic, `batch` at a time. With `unavailable` above 0 so many old
   * copies may stop before the new ones are ready, for machines without room for both.
   */
  | { kind: 'rolling'; batch: number; unavailable: number; pauseMs: number }
  /** All replicas come up; traffic switches at once. `preview`: testers reach them before, at a host of their own. */
  | { kind: 'blue-green'; preview: boolean; hold: Hold }
  /** A share of traffic at a time, in rising steps that end at 100. */
  | { kind: 'canary'; steps: CanaryStep[]; sticky: boolean; testers: Testers | null };

/** One share of traffic, and what must be over before the next. */
export interface CanaryStep {
  weightPercent: number;
  hold: Hold;
  /** Flags that get a variant for everybody once the share of traffic stands: names of variants, by flag. */
  flags?: Record<string, string>;
}

/** What a rollout waits for before its next step. */
export type Hold = { kind: 'none' } | { kind: 'timer'; ms: number } | { kind: 'approval' };

/** Requests that reach a canary whatever its weight. */
export interface Testers {
  header: { name: string; value: string } | null;
  cookie: { name: string; value: string } | null;
}

/** When a started copy counts as ready. */
export interface HealthDefinition {
  /**
   * `http`: GET `path` on its port. `tcp`: the port is open. `command`: `command` ends with 0 inside the container.
   * A container with a healthcheck, of the Compose file or the image, must be healthy by that, too.
   */
  probe: 'http' | 'tcp' | 'command';
  /** For `http`: must answer 2xx; null asks only for an answer. */
  path: string | null;
  /** For `command`: runs with `sh -c`. */
  command: string | null;
  intervalMs: number;
  /** How long one probe may take. */
  probeTimeoutMs: number;
  /** Consecutive successes needed. */
  successes: number;
  /** From start to ready. */
  deadlineMs: number;
}
