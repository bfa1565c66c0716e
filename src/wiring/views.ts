import type { AnswerTimes } from './answer-times.ts';
import type { Forecast } from './forecast/model.ts';
import type { ProcessRole, Verb } from '../delivery/index.ts';
import type { Finding, Span } from '../diagnostics/index.ts';

/** Commit on its way to production, as people follow it: everything that `ship` and `run` show. */
export interface ShipView {
  id: string;
  app: string;
  commit: string;
  /** First line of the commit's message. */
  title: string;
  /** `refs/heads/main` */
  ref: string;
  actor: string;
  state: 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** One sentence on why it ended as it did; null while it runs and when all went well. */
  reason: string | null;
  startedAtMs: number;
  finishedAtMs: number | null;
  runs: RunView[];
  /** In the order asked for. */
  rollouts: RolloutView[];
}

/** One workflow's run. */
export interface RunView {
  id: string;
  workflow: string;
  file: string;
  state: 'running' | 'success' | 'failure' | 'cancelled';
  /** What people see the run called: its `run-name`, or the commit's title. */
  name: string;
  /** Grows with each rerun, from 1. */
  attempt: number;
  /** Why it has not begun: another run holds its concurrency group. */
  reason: string | null;
  jobs: JobView[];
}

export type JobViewState =
  | 'pending'
  /** Waits for its environment's rules. */
  | 'blocked'
  | 'queued'
  | 'running'
  /** Its deploy step waits for a rollout. */
  | 'parked'
  | 'success'
  | 'failure'
  | 'cancelled'
  | 'skipped';

export interface JobView {
  key: string;
  name: string;
  state: JobViewState;
  /** Why it waits, or why it ended when no step tells. */
  reason: string | null;
  needs: string[];
  environment: string | null;
  startedAtMs: number | null;
  finishedAtMs: number | null;
  steps: StepView[];
  /** What deploy steps of a run without a server would have shipped. */
  wouldShip: string[];
}

export interface StepView {
  name: string;
  state: 'pending' | 'running' | 'parked' | 'success' | 'failure' | 'cancelled' | 'skipped';
  startedAtMs: number | null;
  finishedAtMs: number | null;
  error: { message: string; lastLines: string[]; at: Span | null } | null;
}

export type RolloutViewState =
  | 'queued'
  /** For the rules of its environment. */
  | 'waiting'
  | 'preparing'
  | 'migrating'
  /** Whether the old revision is still well. */
  | 'checking'
  | 'starting'
  | 'shifting'
  | 'holding'
  | 'paused'
  | 'draining'
  | 'workers'
  | 'baking'
  | 'reverting'
  | 'succeeded'
  | 'failed'
  | 'aborted'
  | 'superseded';

export interface RolloutView {
  id: string;
  app: string;
  environment: string;
  kind: 'deploy' | 'rollback';
  state: RolloutViewState;
  /** What is happening now or why it ended, in one sentence. */
  detail: string;
  /** What comes next when nothing fails, while it is under way. */
  next: string | null;
  /** What people can say to it now, and who may; null names for anybody. */
  asks: {
    verbs: Verb[];
    who: string[] | null;
    /** Why the one who asks may not say them; absent when they may, and when names are not proven. */
    mayNot?: string;
  } | null;
  revision: string | null;
  /** The revision that served before. */
  from: string | null;
  commit: string;
  title: string;
  release: string;
  /** The candidate's share of traffic. */
  weightPercent: number;
  actor: string;
  requestedAtMs: number;
  /** When all traffic was on it; null before. */
  liveAtMs: number | null;
  finishedAtMs: number | null;
  /** What its judge still lacks, where it went on without a proof that it does no harm; else null. */
  unproven: string | null;
  logTail: string[];
}

/** What an environment runs now. */
export interface EnvironmentView {
  app: string;
  environment: string;
  /** Addresses that users reach it by: `http://medianest.localhost:8080`. */
  urls: string[];
  serving: RevisionView | null;
  /** Can be gone back to in one step. */
  standby: (RevisionView & { standsForMs: number }) | null;
  /** Stateful services: one for all revisions. */
  shared: SharedView[];
  /** Where it has copies, or should. */
  machines: MachineView[];
  /** Which bound of its judge what serves does not keep; null while none is known to be broken. */
  broken: string | null;
  rollout: RolloutView | null;
}

/** A ramp of a flag as it stands. */
export interface RampView {
  app: string;
  environment: string;
  id: string;
  flag: string;
  variant: string;
  steps: number[];
  /** Share that it is at, or ended with; null where the flag is as it was before, or as others want it. */
  percent: number | null;
  state: 'setting' | 'holding' | 'returning' | 'done' | 'failed' | 'aborted' | 'overtaken';
  /** Of the hold; null when nothing is held. */
  leftMs: number | null;
  /** What the judge says, or why it ended. */
  word: string;
  by: string;
  startedAtMs: number;
}

/** A machine of an environment. */
export interface MachineView {
  /** `here`, or as ssh takes it. */
  name: string;
  /** Why nothing is known of it now, and since when; null when it answers. */
  silent: { reason: string; forMs: number } | null;
  /** What its router has sent to the revision that serves. */
  traffic: TrafficView | null;
}

/** What routers have counted of a revision since they began to count it. */
export interface TrafficView extends AnswerTimes {
  weightPercent: number;
  inFlight: number;
  requests: number;
  errors: number;
  sessions: number;
}

/** A stateful service as it runs. */
export interface SharedView extends CopyView {
  name: string;
  /** Its definition has changed since it was started; it is kept as it runs until somebody asks for more. */
  changed: boolean;
  /** It is being replaced on request. */
  replacing: boolean;
}

/** A copy of a process or service as it runs. */
export interface CopyView {
  /** `r7-web-1`, elsewhere `r7-web-1@deploy@10.0.0.6`. */
  id: string;
  machine: string;
  /** Process type or service. */
  process: string;
  role: ProcessRole;
  phase: string;
  port: number | null;
  restarts: number;
  /** Of a process on this machine. */
  pid: number | null;
  /** What somebody changed by hand. */
  drift: string | null;
}

export interface RevisionView {
  revision: string;
  commit: string;
  title: string;
  release: string;
  /** When all traffic was on it; for its age. */
  liveAtMs?: number | null;
  instances: CopyView[];
  /** Over all machines. */
  traffic: TrafficView | null;
}

/** What a collection of garbage has removed, or would. */
export interface CollectionView {
  dryRun: boolean;
  containers: string[];
  networks: string[];
  images: string[];
  /** Releases' files, in words. */
  releases: string[];
  freedBytes: number;
  warnings: string[];
}

export interface StatusView {
  server: HealthView;
  environments: EnvironmentView[];
  /** Still under way, newest first. */
  ships: ShipView[];
  /** Of flags, those under way. */
  ramps: RampView[];
  /** Who asks, how that is known and what they are; absent while the owner alone gets in. */
  you?: { name: string; proof: string; is: string };
}

export interface HealthView {
  version: string;
  pid: number;
  home: string;
  /** Where users' requests are taken: `127.0.0.1:8080`. */
  listen: string;
  /** Where they are taken over TLS; null without. */
  listenTls: string | null;
  startedAtMs: number;
  warnings: string[];
}

/** What would happen, computed before anything is touched. */
export interface PlanView {
  app: string;
  commit: string;
  title: string;
  ref: string;
  workflows: {
    file: string;
    name: string;
    /** False when the event or its filters do not start it; `reason` says so. */
    triggered: boolean;
    reason: string | null;
    jobs: { id: string; name: string; needs: string[]; environment: string | null; deploys: boolean }[];
  }[];
  /** Which files go into the release and by which rule. */
  release: string[];
  environments: {
    name: string;
    /** False when its branch rule does not take this ref. */
    takesRef: boolean;
    promoteFrom: string | null;
    strategy: string;
    serving: { revision: string; commit: string; title: string } | null;
    /** What changes, in sentences; empty where there is a forecast. */
    changes: string[];
    /** What a rollout would do to a Compose app; null for one of plain processes, and where mistakes stand in the way. */
    forecast: Forecast | null;
  }[];
  findings: Finding[];
}

/** One finished or running rollout, newest first. */
export type HistoryEntry = RolloutView;

/** A line of a log. `source` names the job, or the process: `test / Run npm test`, `r7-web-1`. */
export interface LogLine {
  source: string;
  atMs: number | null;
  text: string;
}
