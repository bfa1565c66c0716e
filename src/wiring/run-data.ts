import { createHash } from 'node:crypto';
import type { App } from '../app/index.ts';
import type { RolloutRequest } from '../delivery/index.ts';
import type { Release } from '../release/index.ts';
import type { DeployOutcome, RunState } from '../runs/index.ts';
import type { Vault } from '../secrets/index.ts';
import type { Store } from '../store/index.ts';
import type { Supervisor } from '../supervisor/index.ts';
import type { Background } from './background.ts';
import type { Layout } from './layout.ts';
import type { RolloutWish } from './prepare-rollout.ts';
import type { ReportWatch } from './report-watch.ts';

/** What a run's flow keeps. */
export interface RunFlowData {
  run: RunState;
  ship: string;
  /** Place of the ship among those of the app; an earlier version of Slipway did not count them. */
  shipNumber?: number;
  title: string;
  /** The app as the commit defines it; null when only workflows are run. */
  app: App | null;
  /** Rollouts that deploy steps have asked for, by rollout key. */
  deploys: Record<string, AskedRollout>;
}

/** A rollout that a deploy step waits for, or waited for. */
export interface AskedRollout {
  rolloutId: string;
  environment: string;
  /** Digest of the release, and where users will find it; empty when nothing could be asked for. */
  release: string;
  url: string;
  /** Its end was asked for. */
  aborting?: boolean;
  outcome: DeployOutcome | null;
}

/** What a run's flow acts on. */
export interface RunPorts {
  layout: Layout;
  supervisor: Supervisor;
  vault: Vault | null;
  machineEnv: Record<string, string>;
  background: Background;
  reports: ReportWatch;
  maxParallelJobs: number;
  /** `report` for runs without a server: deploy steps only say what they would ship. */
  deploys: 'park' | 'report';
  /** The bare repository that jobs check out from. */
  gitDirectory: (app: string) => string;
  prepare: (wish: RolloutWish) => Promise<RolloutRequest>;
  /** Where users reach the first of these hosts. */
  urlOf: (hosts: string[]) => string;
  release: (data: RunFlowData) => Promise<Release>;
  /** Where runs of one app agree on who holds a concurrency group. */
  store: Pick<Store, 'documents' | 'flows'>;
}

/** Scope of a run's processes at the supervisor. */
export function runScope(runId: string): string {
  return `runs/${runId}`;
}

/** Id by which people name a rollout; the same step always asks for the same one. */
export function rolloutIdOf(key: string): string {
  return `ro-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}
