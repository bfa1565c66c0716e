import type { Json, ObservedTimer } from '../flow/index.ts';
import type { JudgeDefinition } from '../app/index.ts';
import type { Totals, Verdict } from '../judge/index.ts';
import type { Compared, Reading } from './compared.ts';
import type { Revision, RolloutSettings, SharedService, Task } from './revision.ts';
import type { Step } from './strategy.ts';

/**
 * An environment is one flow: it runs one release, and at most one rollout changes that at a time.
 * The router and the supervisor compare fences by environment, so one flow an environment means one order of effects.
 */
export interface EnvironmentState {
  /** `medianest/production`; also the scope of its routes and processes, and the name of its event chain. */
  scope: string;
  /** Number of the next revision, from 1. */
  nextRevision: number;
  /** The revision that serves, and that a failed rollout returns to. */
  stable: Revision | null;
  /** The revision before it, still running with no traffic, until its rollback window ends. */
  standby: { revision: Revision; window: ObservedTimer; windowMs: number } | null;
  /** Revisions that no longer get traffic and are being stopped. */
  retiring: Retiring[];
  /**
   * Revisions that served here before those, newest first: all that is needed to go back to them. Of the last five
   * releases, whatever was done to one of them in between.
   */
  past: Revision[];
  /** Stateful services as they run, in the order in which they start. */
  shared: RunningShared[];
  /** A shared service that is being replaced because somebody asked for it. */
  replacing: Replacing | null;
  rollout: Rollout | null;
  queue: RolloutRequest[];
  /** The newest ship that has asked for a rollout here; one of an earlier ship comes too late. */
  newestShip: { number: number; rolloutId: string } | null;
  /** What could not be done at the last try, by effect. */
  troubles?: Record<string, Trouble>;
  /** Present while what serves is held against bounds. */
  watch?: BoundsWatch;
  /** Machines that did not answer at the last look, and for how long that has been so. */
  silent?: Record<string, ObservedTimer>;
  /** Tasks that have succeeded here: the release's digest, a space, the task's name. */
  migrated: string[];
  /** Releases in the order in which they first changed data here. */
  releases: ReleaseRecord[];
}

/** A release whose tasks have run here, or had none to run. */
export interface ReleaseRecord {
  digest: string;
  commit: string;
  title: string;
  /** What came before it cannot run on what it left behind. */
  irreversible: boolean;
}

/** A shared service, with the definition that it was started with. */
export interface RunningShared {
  service: SharedService;
  /** Holds the definition. */
  revision: Revision;
}

/*
 *  stopping ──► starting ──► applied
 *     ▲            │
 *     └── failed ──┘   with the definition that it had before
 */
/** Replaces a shared service: it is away between the two stages. */
export interface Replacing {
  service: string;
  by: string;
  stage: 'stopping' | 'starting';
  /** What comes; null when the service goes for good. */
  next: RunningShared | null;
  /** What ran before. */
  back: RunningShared | null;
  /** What came did not come up: what ran before comes back. */
  undoing: boolean;
  /** Since it began. */
  away: ObservedTimer;
  /** Since the stage began. */
  timer: ObservedTimer;
}

/** What serves is still held against the bounds that it was let through by. */
export interface BoundsWatch {
  revision: string;
  judge: JudgeDefinition;
  /** By machine: up to where its router's counts are in the sum. */
  readings: Record<string, Reading>;
  /** Of the present window. */
  totals: Totals;
  window: ObservedTimer;
  /** Why a bound is broken; null while none is known to be. */
  broken: string | null;
}

/** A revision on its way out: drains, then its copies are stopped. */
export interface Retiring {
  revision: Revision;
  stage: 'draining' | 'stopping';
  drain: ObservedTimer;
  /** Machines that may still have copies of it; absent: all of its own. */
  on?: string[];
}

/** An effect that could not be carried out at its last try, and for how long that has been so. */
export interface Trouble {
  message: string;
  since: ObservedTimer;
}

/** Somebody wants a release to run here. */
export interface RolloutRequest {
  /** Chosen by the one who asks, so that asking twice is asking once. */
  rolloutId: string;
  kind: 'deploy' | 'rollback';
  /** Without `id`, which the environment gives; with one, the revision that stands by and is wanted back. */
  revision: Omit<Revision, 'id'> & { id?: string };
  settings: RolloutSettings;
  requestedBy: string;
  /** Flow that is told the outcome, by the signal `rollout-finished`. */
  replyTo: string | null;
  /** Place of its ship among the ships of the app, from 1; null when no ship asks. */
  shipNumber: number | null;
  /** Goes back across an irreversible migration, and starts anew what runs already. */
  force?: boolean;
  /** Also puts right the shared services that somebody has stopped or changed, or that have ended. */
  repairs?: boolean;
}

/** One release going into this environment. */
export interface Rollout {
  id: string;
  kind: 'deploy' | 'rollback';
  candidate: Revision;
  /** Whether the candidate was standing by when this began, so that nothing need be started. */
  standing: boolean;
  steps: Step[];
  /** The old web copies must be gone before the new ones start, and the other way round on the way back. */
  alone: boolean;
  settings: RolloutSettings;
  requestedBy: string;
  replyTo: string | null;
  /** See `RolloutRequest`. */
  repairs?: boolean;
  /** Present once shared services are being replaced for it. */
  outage?: Outage;
  /** Tasks that had not succeeded here when this began, in order. */
  tasks: Task[];
  /** The one that is due or runs. */
  taskIndex: number;
  /** Somebody stopped it from going on; what fails still goes back. */
  paused: { by: string; since: ObservedTimer } | null;
  /** Somebody wants it done: no more holds, no bake. */
  hurried: boolean;
  /** Since the rules of the environment were met; see `EnvironmentRules.deadlineMs`. */
  underWay: ObservedTimer;
  /** How the stable revision did before the tasks ran. One that was ill already does not stop its mend. */
  stableBefore: 'unknown' | 'ready' | 'ill';
  /** What its judge rests on; null without one, and before the candidate had traffic. */
  compared: Compared | null;
  /** Consecutive failed probes of copies that serve, by instance. */
  failures?: Record<string, number>;
  /** How often copies that serve had been started again when they were first seen with all traffic, by instance. */
  restartsBefore?: Record<string, number>;
  /** What it has done to flags of the environment, or is about to; absent while that is nothing. */
  flags?: TurnedFlag[];
  phase: RolloutPhase;
}

/** A flag that a rollout turns. A way back returns it to what it was, unless somebody else has changed it since. */
export interface TurnedFlag {
  flag: string;
  before: Json;
  /** All that the rollout has made of it, the last being what it wants now. */
  made: Json[];
}

/** Users wait, as shared services that the candidate needs otherwise are replaced before its tasks run. */
export interface Outage {
  since: ObservedTimer;
  /** Those that were ended for it, as they were: a way back puts them back. */
  before: RunningShared[];
  /** Why one of them did not come up as it is needed. */
  failure: string | null;
}

/*
 *  waiting ──► preparing ──► migrating ──► checking-stable ──► stepping 1..n ──► draining ──► stopping-workers
 *     │            │             │                │                │                │               │
 *     │            │             │                │                │                │     starting-workers ──► baking ──► succeeded
 *     │            │             │                │                │                │               │             │
 *     └────────────┴─────────────┴────────────────┴────────────────┴────────────────┴───────────────┴─────────────┘
 *                       failure, crash loop, deadline, abort, reject, a newer request before 100 %
 *                                             │
 *                                             ▼
 *       reverting: (restoring ──►) routing ──► draining ──► stopping ──► failed | aborted | superseded
 *
 *  A step: (making-room ──►) starting ──► (checking ──►) shifting ──► (flagging ──►) (verifying ──►) (holding ──►) next
 *
 *  Where only one web copy may run at any time (`alone`), users wait from making-room to shifting, and while restoring:
 *  there the candidate's copies end before the old ones come again.
 *
 *  Flags that a step has turned are given back as soon as the way back begins, whatever its stage.
 *
 *  Each phase says what should run and who gets traffic (desired.ts, routes.ts). While the world differs, the engine acts;
 *  only when the world agrees does it move on. What it has seen is never remembered in place of looking again.
 */
export type RolloutPhase =
  /** For a reviewer, the wait timer, a deployment window. */
  | { at: 'waiting'; timer: ObservedTimer; approvedBy: string | null }
  /** Images and networks come onto the machines, shared services up. */
  | { at: 'preparing'; gate: Gate }
  /** Tasks run, each once per release and environment. */
  | { at: 'migrating' }
  /** The stable revision must still be well on what the tasks left. */
  | { at: 'checking-stable'; gate: Gate }
  | SteppingPhase
  /** All traffic is on the candidate; the old revision finishes what it has. */
  | { at: 'draining'; timer: ObservedTimer }
  /** Old workers that must not overlap end. */
  | { at: 'stopping-workers' }
  /** New workers start and must stay up for a moment. */
  | {
      at: 'starting-workers';
      up: ObservedTimer;
      deadline: ObservedTimer;
      /** How often they had been started again when `up` began: a crash between two looks counts too. */
      restarts?: number;
    }
  /** All is new; the old revision still stands. */
  | {
      at: 'baking';
      timer: ObservedTimer;
      restartsBefore: Record<string, number>;
    }
  | RevertingPhase;

/** Copies of step `index` start, become ready, then take their share of traffic. */
export interface SteppingPhase {
  at: 'stepping';
  index: number;
  /**
   * `making-room`: old copies that the step takes away lose their traffic, then end. `starting`: until all are ready.
   * `checking`: until the checks before traffic have passed, one after the other. `shifting`: until the router does it.
   * `flagging`: until the flags of the step are turned. `verifying`: until the checks after traffic have passed.
   * `holding`: a timer, or somebody's approval.
   */
  stage: 'making-room' | 'starting' | 'checking' | 'shifting' | 'flagging' | 'verifying' | 'holding';
  /** How many checks of the stage have passed. */
  check: number;
  gate: Gate;
  /** Since the stage began, or the check that is due. */
  timer: ObservedTimer;
  /** Who let it go on from its hold. */
  approvedBy: string | null;
  /** The hold is over and nothing was proven: it stays until something is, or somebody lets it go on. */
  undecided?: 'hold' | 'ask';
}

/** The way back: old copies that were taken away come again, traffic goes back, then the candidate drains and stops. */
export interface RevertingPhase {
  at: 'reverting';
  stage: 'restoring' | 'routing' | 'draining' | 'stopping';
  timer: ObservedTimer;
  cause: Cause;
  /** Somebody has asked for an abort since: a task that still runs is not waited for. */
  aborted?: true;
  /** How traffic stood when it began; it stays so while old copies are restored. */
  from: {
    weightPercent: number;
    routed: number;
    taken: number;
    /** Key of the check's command that ran then. */
    check: string | null;
    /** Copies of it may have been started. Absent in states of older versions: they may. */
    started?: boolean;
  };
  gate: Gate;
}

/** Why a rollout goes back. */
export interface Cause {
  outcome: 'failed' | 'aborted' | 'superseded';
  /** One sentence for people. */
  reason: string;
  /** Last lines of the log that tell more. */
  logTail: string[];
  /** Of the judge, where it was the judge; told by an event, and not kept. */
  verdict?: Verdict;
}

/** What copies that are waited for have shown so far. */
export interface Gate {
  /** Consecutive ready probes by instance. */
  streaks: Record<string, number>;
  /** Consecutive failed probes by instance. */
  failures: Record<string, number>;
  /** When a probe of an instance was last counted, by the deadline's time. */
  countedAtMs?: Record<string, number>;
  deadline: ObservedTimer;
  /** Last failure seen by a probe, for the reason at the deadline. */
  lastFailure: string | null;
}

/** How a rollout ended. */
export type RolloutOutcome = 'succeeded' | 'failed' | 'aborted' | 'superseded';

/** A new environment, that runs nothing. */
export function emptyEnvironment(scope: string): EnvironmentState {
  return {
    scope,
    nextRevision: 1,
    stable: null,
    standby: null,
    retiring: [],
    past: [],
    shared: [],
    replacing: null,
    rollout: null,
    queue: [],
    newestShip: null,
    migrated: [],
    releases: [],
  };
}
