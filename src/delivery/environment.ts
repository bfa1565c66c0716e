import type { ObservedTimer } from '../flow/index.ts';
import type { Revision, RolloutSettings } from './revision.ts';
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
  rollout: Rollout | null;
  queue: RolloutRequest[];
  /** What could not be done at the last try, by effect. */
  troubles?: Record<string, Trouble>;
  /** Digests whose release command has succeeded here. */
  migrated: string[];
}

/** A revision on its way out: drains, then its copies are stopped. */
export interface Retiring {
  revision: Revision;
  stage: 'draining' | 'stopping';
  drain: ObservedTimer;
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
}

/** One release going into this environment. */
export interface Rollout {
  id: string;
  kind: 'deploy' | 'rollback';
  candidate: Revision;
  /** Whether the candidate was standing by when this began, so that nothing need be started. */
  standing: boolean;
  steps: Step[];
  settings: RolloutSettings;
  requestedBy: string;
  replyTo: string | null;
  /** Consecutive failed probes of copies that have traffic, by instance. */
  failures?: Record<string, number>;
  phase: RolloutPhase;
}

/*
 *  migrating ──► stepping 1..n ──► draining ──► stopping-workers ──► starting-workers ──► baking ──► succeeded
 *      │             │                │                │                    │               │
 *      └─────────────┴────────────────┴───── failure, crash loop, deadline, abort ──────────┘
 *                                             │
 *                                             ▼
 *                 reverting: routing ──► draining ──► stopping ──► failed | aborted
 *
 *  Each phase says what should run and who gets traffic (desired.ts). While the world differs, the engine acts;
 *  only when the world agrees does it move on. What it has seen is never remembered in place of looking again.
 */
export type RolloutPhase =
  /** The release command runs, once per release and environment. */
  | { at: 'migrating' }
  /** Copies of step `index` start, become ready, then take their share of traffic. */
  | { at: 'stepping'; index: number; gate: Gate; shifting: boolean }
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
  /** Traffic goes back, then the candidate drains and stops. */
  | { at: 'reverting'; stage: 'routing' | 'draining' | 'stopping'; timer: ObservedTimer; cause: Cause };

/** Why a rollout goes back. */
export interface Cause {
  outcome: 'failed' | 'aborted';
  /** One sentence for people. */
  reason: string;
  /** Last lines of the log that tell more. */
  logTail: string[];
}

/** What the copies of a step have shown so far. */
export interface Gate {
  /** Consecutive ready probes by instance. */
  streaks: Record<string, number>;
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
    rollout: null,
    queue: [],
    migrated: [],
  };
}
