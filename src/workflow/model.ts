import type { Finding, Span } from '../diagnostics/index.ts';
import type { EventName } from './event-names.ts';

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Text as the author wrote it, which may hold `${{ }}`; evaluated when its contexts exist. */
export interface Template {
  text: string;
  at: Span;
}

/**
 * Names and values in the order written; later maps win over earlier ones. A name may hold `${{ }}` itself, see the same
 * contexts as its value, and come to nothing or to a name that is there already. The key `insertKey` holds an expression whose
 * whole object is inserted there: `env: ${{ fromJSON(…) }}` and the directive `${{ insert }}` alike.
 */
export type EnvMap = Record<string, Template>;

/** @see EnvMap */
export const insertKey = '${{ insert }}';

/** One file of `.github/workflows`, typed. It is plain data, so that it travels to a job worker as JSON. */
export interface Workflow {
  /** Path relative to the repository. */
  file: string;
  /** `name:`, or the file's path. */
  name: string;
  runName?: Template;
  triggers: Trigger[];
  env: EnvMap;
  defaults: RunDefaults;
  permissions?: Permissions;
  concurrency?: Concurrency;
  /** Jobs in the order written. */
  jobs: Job[];
  /** What GitHub takes and this machine cannot do, such as containers. Says nothing about events that never come here. */
  refusals: Refusal[];
}

/** Why a part of a workflow cannot run here. A run that may reach it is refused before anything starts. */
export interface Refusal {
  /** Null when it concerns every job. */
  jobId: string | null;
  /** The place of the step that it concerns among the job's steps; absent when it concerns the job as a whole. */
  stepIndex?: number;
  finding: Finding;
}

/** An event that starts the workflow, with its filters as written (GitHub's pattern syntax). */
export interface Trigger {
  event: EventName;
  at: Span;
  /** Activity types; absent means the event's default set. */
  types?: string[];
  branches?: string[];
  branchesIgnore?: string[];
  tags?: string[];
  tagsIgnore?: string[];
  paths?: string[];
  pathsIgnore?: string[];
  /** `workflow_run`: patterns for the names of the workflows whose runs start this one. */
  workflows?: string[];
  /** `schedule` */
  schedules?: Schedule[];
  /** `workflow_dispatch` and `workflow_call` */
  inputs?: Record<string, InputDefinition>;
  /** `workflow_call` */
  secrets?: Record<string, { required: boolean; at: Span }>;
  /** `workflow_call` */
  outputs?: Record<string, Template>;
}

/** One line of `on.schedule`. */
export interface Schedule {
  /** Five fields, POSIX. */
  cron: string;
  /** IANA name; UTC when absent. */
  timezone?: string;
  at: Span;
}

/** An input that a dispatched or called workflow declares. */
export interface InputDefinition {
  at: Span;
  description?: string;
  type: 'string' | 'boolean' | 'number' | 'choice' | 'environment';
  required: boolean;
  /** A template only for `workflow_call`; a dispatch takes it as it is. */
  default?: Template;
  /** Of a choice. */
  options?: string[];
}

/** What the job's token may do; here it decides whether a job may ask for an OIDC token. */
export type Permissions = 'read-all' | 'write-all' | Record<string, 'read' | 'write' | 'none'>;

/** At most one run or job of a group at a time, and one that waits. */
export interface Concurrency {
  at: Span;
  group: Template;
  /** Whether a newcomer ends what runs. */
  cancelInProgress?: Template;
  /** `single`: a newcomer takes the place of the one that waits. `max`: all wait in line. */
  queue: 'single' | 'max';
}

/** `defaults.run` */
export interface RunDefaults {
  shell?: Template;
  workingDirectory?: Template;
}

/** A job as written, before its matrix is expanded: steps of its own, or the call of a reusable workflow. */
export type Job = StepsJob | CallJob;

interface JobCommon {
  id: string;
  at: Span;
  name?: Template;
  needs: { id: string; at: Span }[];
  /** The bare expression, without `${{ }}`; absent means `success()`. */
  if?: Template;
  strategy?: Strategy;
  permissions?: Permissions;
  concurrency?: Concurrency;
}

/** A job with steps. */
export interface StepsJob extends JobCommon {
  kind: 'steps';
  /** Labels; one that is a single expression may yield a list. */
  runsOn: Template[];
  runsOnGroup?: Template;
  /** `deployment: false` takes the environment's variables and secrets, and records no deployment. */
  environment?: { name: Template; url?: Template; deployment?: Template };
  outputs: Record<string, Template>;
  env: EnvMap;
  defaults: RunDefaults;
  /** Default 360. */
  timeoutMinutes?: Template;
  /** How long a cancelled job has for its `always()` steps; default 5. */
  cancelTimeoutMinutes?: Template;
  continueOnError?: Template;
  container?: Container;
  services: Record<string, Container>;
  steps: Step[];
}

/** A job that runs another workflow. */
export interface CallJob extends JobCommon {
  kind: 'call';
  /** `./.github/workflows/x.yml`, or `owner/repository/.github/workflows/x.yml@ref`. */
  uses: { text: string; at: Span };
  with: EnvMap;
  secrets: 'inherit' | EnvMap;
}

/** `container`, or one of `services`. */
export interface Container {
  at: Span;
  image: Template;
  credentials?: { username: Template; password: Template };
  env: EnvMap;
  ports: Template[];
  volumes: Template[];
  options?: Template;
  /** Of services only. */
  entrypoint?: Template;
  command?: Template;
}

/** `strategy`: how one job becomes several. */
export interface Strategy {
  at: Span;
  /** The whole matrix may be one expression, such as `${{ fromJSON(needs.plan.outputs.matrix) }}`. */
  matrix?: MatrixSource;
  /** Default true. */
  failFast?: Template;
  maxParallel?: Template;
}

/** A matrix as written; every scalar inside `values` may hold `${{ }}`. */
export type MatrixSource =
  | { kind: 'expression'; template: Template }
  | {
      kind: 'literal';
      /** Axis name → its values, or one expression that yields the list. */
      axes: Record<string, { kind: 'expression'; template: Template } | { kind: 'list'; values: Json[] }>;
      include: { kind: 'expression'; template: Template } | { kind: 'list'; values: Json[] };
      exclude: { kind: 'expression'; template: Template } | { kind: 'list'; values: Json[] };
      at: Span;
    };

interface StepCommon {
  id?: string;
  at: Span;
  name?: Template;
  if?: Template;
  env: EnvMap;
  timeoutMinutes?: Template;
  continueOnError?: Template;
  /** The job goes on at once; outputs and variables count from the `wait` on. */
  background?: boolean;
}

/**
 * A step runs a script, uses an action, or waits for or ends background steps. Other steps are named by their place
 * among the job's steps. A `parallel` group is read as its steps, in the background, and a `wait` for them.
 */
export type Step =
  | (StepCommon & { kind: 'run'; run: Template; shell?: Template; workingDirectory?: Template })
  | (StepCommon & { kind: 'uses'; uses: { text: string; at: Span }; with: EnvMap })
  | (StepCommon & { kind: 'wait'; steps: number[] | 'all' })
  | (StepCommon & { kind: 'cancel'; step: number });

/** An `action.yml`, typed. */
export interface ActionFile {
  /** Path, for messages. */
  file: string;
  name: string;
  /** By name as written; they are looked up without regard to case. */
  inputs: Record<string, ActionInputDefinition>;
  /** `value` only in composite actions. */
  outputs: Record<string, { value?: Template }>;
  runs: ActionRuns;
  /** What GitHub takes and this machine cannot do; `jobId` is null in each. */
  refusals: Refusal[];
}

/** An input that an action declares. */
export interface ActionInputDefinition {
  at: Span;
  required: boolean;
  default?: Template;
  deprecationMessage?: string;
}

/** How an action runs. */
export type ActionRuns =
  | {
      kind: 'javascript';
      /** `node20` is 20. */
      nodeMajor: number;
      /** Paths relative to the action's folder. */
      main: string;
      pre?: string;
      preIf?: Template;
      post?: string;
      postIf?: Template;
    }
  | { kind: 'composite'; steps: Step[] }
  | { kind: 'docker'; image: string; at: Span };
