import type { Json, Permissions, StepsJob, Template, Workflow } from '../workflow/index.ts';

/** How a job ended. Words of GitHub's `needs.<job>.result`. */
export type JobResult = 'success' | 'failure' | 'cancelled' | 'skipped';

/** What started the run. */
export interface RunEvent {
  /** `push`, `pull_request` or `workflow_dispatch`. */
  name: string;
  /** `refs/heads/main` */
  ref: string;
  /** Full hash. */
  commit: string;
  actor: string;
  /** First line of the commit's message. */
  message: string;
  /** As `github.event` sees it. */
  payload: Json;
}

/** One run of one workflow: plain JSON, the data of its flow. */
export interface RunState {
  id: string;
  /** Counts the app's runs from 1: `github.run_number`. */
  number: number;
  /** From 1; grows with each rerun: `github.run_attempt`. */
  attempt: number;
  app: string;
  /** What people see the run called: its evaluated `run-name`, or the commit's title. */
  name: string;
  workflow: Workflow;
  /** Every workflow that jobs of this one may call, directly or not, by path: `./.github/workflows/x.yml`. */
  called: Record<string, Workflow>;
  event: RunEvent;
  /** The repository's; those of a job's environment come on top. */
  vars: Record<string, string>;
  environmentVars: Record<string, Record<string, string>>;
  inputs: Record<string, Json>;
  createdAtMs: number;
  gate: RunGate;
  /**
   * By job key, in the order of the file. A matrix job stands here under its id until its needs are done, then as its
   * instances; a job that calls a workflow is followed by that workflow's jobs once it has begun.
   */
  jobs: Record<string, JobInstance>;
  cancelRequested: { by: string; atMs: number } | null;
  finished: { result: RunResult; atMs: number } | null;
}

/** Whether the run may begin: the workflow's own concurrency group comes before everything else. */
export type RunGate =
  | { phase: 'closed' }
  | { phase: 'waiting'; group: Group; reason: string }
  | { phase: 'open'; group: Group | null };

/** A concurrency group with its expressions evaluated. */
export interface Group {
  /** As written; case does not matter where groups are compared. */
  name: string;
  cancelInProgress: boolean;
  queue: 'single' | 'max';
}

/** How a run ended. A failed job with `continue-on-error` does not fail it. */
export type RunResult = 'success' | 'failure' | 'cancelled';

/** One job, or one combination of its matrix. */
export interface JobInstance {
  /** `test`, `test.0` for a combination, `call/test` in a called workflow; unique in the run and fit for a relative path. */
  key: string;
  /** Id in the workflow that it is written in. */
  jobId: string;
  /** Key of the call that brought the job into the run; null for jobs of the run's own workflow. */
  parent: string | null;
  /** As people see it: `test (20, linux)`, `deploy / test` in a called workflow. */
  displayName: string;
  matrix: Record<string, Json> | null;
  strategy: JobStrategy;
  /** When true, a failure of this instance counts as a success for the run and for its dependents. */
  continueOnError: boolean;
  /** Name of the environment whose rules it must pass. */
  environment: string | null;
  /** Concurrency groups that it must hold while it runs, in the order in which it takes them. */
  groups: Group[];
  /** Why a newcomer of one of its groups ends it; null while none does. */
  superseded: string | null;
  /** The attempt of the run that this instance belongs to. */
  attempt: number;
  /** What the workflow that it calls was given; null before that, and for jobs with steps. */
  call: { inputs: Record<string, Json> } | null;
  state: JobState;
}

/** The `strategy` context of one instance. */
export interface JobStrategy {
  failFast: boolean;
  jobIndex: number;
  jobTotal: number;
  /** Null: as many as there is room for. */
  maxParallel: number | null;
}

/*
 *              needs done, `if` true     rules open, groups held      room
 *   pending ──────────────────────► blocked ───────────────► queued ─────► running ◄───────────┐
 *      │          (only with an environment or a group)         │          │   │             │ rollout ended
 *      │                               │                        │          │   └─► parked ───┘
 *      │ `if` false, or cancelled      │ refused                │ a call   │ report, or worker lost
 *      │                               │                        └──► calling (its jobs run)
 *      └───────────────────────────────┴──── cancelled ─────────┴──────────┴──► finished
 */

/** Where a job stands. What a worker did is observed anew at each look; nothing here remembers that it was done. */
export type JobState =
  | { phase: 'pending' }
  | { phase: 'blocked'; by: 'environment' | 'group'; name: string; reason: string }
  | { phase: 'queued' }
  | {
      phase: 'running';
      startedAtMs: number;
      /** Grows with each resume, so that every worker process has an id of its own. */
      incarnation: number;
      /** What the parked job goes on with; null for the first worker. */
      resume: DeployOutcome | null;
    }
  | { phase: 'parked'; startedAtMs: number; incarnation: number; deploy: DeployRequest }
  /** The jobs of the called workflow decide how it ends. */
  | { phase: 'calling'; startedAtMs: number }
  | {
      phase: 'finished';
      result: JobResult;
      outputs: Record<string, string>;
      /** Why, when the steps do not tell. */
      reason: string | null;
      /** The worker vanished without a result. */
      lost: boolean;
      startedAtMs: number | null;
      finishedAtMs: number;
    };

/** What a `slipway/deploy` step asks for. */
export interface DeployRequest {
  environment: string;
  /** Position of the step in its job, from 0: part of the rollout's key. */
  stepIndex: number;
}

/** How the rollout that a parked step asked for ended. */
export interface DeployOutcome {
  stepIndex: number;
  result: 'success' | 'failure';
  /** Become the step's outputs. */
  outputs: Record<string, string>;
  /** One sentence for the log. */
  reason: string;
}

/** What an environment's rules say about this run. */
export type EnvironmentVerdict =
  | { kind: 'open' }
  /** `untilMs`: wall clock of the next look, for a wait timer. */
  | { kind: 'wait'; reason: string; untilMs?: number }
  | { kind: 'refused'; reason: string };

/**
 * What can be seen of a job at this moment. Look at the worker first and read its report after that: the other way
 * round, a worker that ends in between seems to have died.
 */
export interface ObservedJob {
  /** The worker named by `currentWorkerId`: never started, alive, or ended. */
  worker: 'none' | 'alive' | 'gone';
  report: ObservedReport | null;
}

/** The part of a worker's report that decides. */
export type ObservedReport =
  | { phase: 'running' }
  | { phase: 'parked'; deploy: DeployRequest }
  | { phase: 'finished'; result: JobResult; outputs: Record<string, string>; reason?: string };

/** The world as `planRun` is told of it. */
export interface Observed {
  /** By job key; a job that is missing was never started. */
  jobs: Record<string, ObservedJob>;
  /** By name; one that is missing keeps its jobs waiting. */
  environments: Record<string, EnvironmentVerdict>;
  /** By rollout key; one that is missing has not been asked for. */
  rollouts: Record<string, { kind: 'going' } | { kind: 'ended'; outcome: DeployOutcome }>;
  /** What `claimGroups` said of this run's wishes; a group that is missing keeps its jobs waiting. */
  groups: Record<string, GroupVerdict>;
}

/** How one holder stands in one concurrency group. */
export type GroupVerdict =
  /** `supersededBy`: a newcomer that asked for the end of what is in progress. */
  | { kind: 'holds'; supersededBy: string | null }
  | { kind: 'waits'; reason: string }
  /** A newcomer took its place, the line is full, or it would wait for itself. */
  | { kind: 'refused'; reason: string };

/**
 * How the secrets of one called workflow come from its caller's: all of them, or the named ones, each evaluated with the
 * caller's contexts.
 */
export type SecretStep =
  { kind: 'inherit' } | { kind: 'mapping'; values: Record<string, Template>; contexts: Record<string, Json> };

/** Everything about a job that the engine knows and its worker needs. */
export interface JobOrder {
  runId: string;
  jobKey: string;
  displayName: string;
  job: StepsJob;
  /** The workflow that the job is written in, which may be a called one. */
  workflow: Pick<Workflow, 'file' | 'name' | 'env' | 'defaults' | 'permissions'>;
  environment: string | null;
  /** What the job's token may do, with the limits of every caller; undefined where nobody says. */
  permissions: Permissions | undefined;
  /** From the run's own workflow to the job's; see `resolveSecrets`. Holds no secret. */
  secretPath: SecretStep[];
  contexts: {
    github: Record<string, Json>;
    needs: Record<string, Json>;
    matrix: Record<string, Json> | null;
    strategy: Record<string, Json>;
    vars: Record<string, string>;
    inputs: Record<string, Json>;
  };
}

/** What to make true. Absolute and keyed: the same action comes again until its effect is observed. */
export type RunAction =
  | { kind: 'start-job'; jobKey: string; workerId: string; order: JobOrder }
  | { kind: 'resume-job'; jobKey: string; workerId: string; outcome: DeployOutcome; cancelled: boolean }
  | { kind: 'cancel-job'; jobKey: string; workerId: string; reason: string }
  /** What the steps of a vanished worker left running must end. */
  | { kind: 'reap-job'; jobKey: string }
  | { kind: 'request-rollout'; jobKey: string; rolloutKey: string; deploy: DeployRequest }
  | { kind: 'abort-rollout'; jobKey: string; rolloutKey: string; reason: string };

/** Something that happened to the run; the wiring adds chain and actor. */
export interface RunHappening {
  type:
    | 'run.blocked'
    | 'run.finished'
    | 'job.blocked'
    | 'job.queued'
    | 'job.started'
    | 'job.parked'
    | 'job.resumed'
    | 'job.finished';
  data: { [key: string]: Json };
}

/** What one look at the world leads to. */
export interface RunPlan {
  state: RunState;
  actions: RunAction[];
  events: RunHappening[];
  /** When to look again even if no signal comes; null when only observations can change anything. */
  wakeAtMs: number | null;
  /** Jobs whose worker this look has named. It starts once the state is committed: look again at once. */
  named: string[];
}
