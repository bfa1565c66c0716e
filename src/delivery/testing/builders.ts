import type { RolloutRequest } from '../environment.ts';
import { here } from '../machines.ts';
import {
  judgeLevels,
  type ChecksDefinition,
  type EnvironmentRules,
  type Hold,
  type JudgeDefinition,
  type StrategyDefinition,
} from '../../app/index.ts';
import {
  noChecks,
  noRules,
  switchAtOnce,
  type Revision,
  type RevisionProcess,
  type RolloutSettings,
} from '../revision.ts';
import type { Behaviour } from './world.ts';

/** What a request asks for beside its release. */
export interface Wishes {
  replicas?: number;
  rolling?: boolean;
  strategy?: StrategyDefinition;
  settings?: Partial<RolloutSettings>;
  rules?: Partial<EnvironmentRules>;
  checks?: ChecksDefinition;
  irreversible?: boolean;
  /** A companion `api` and a shared `db`, which the web process needs. */
  stack?: boolean;
  /** No two web copies may run at any time. */
  alone?: boolean;
  /** Where it runs; `here` unless told. */
  machines?: string[];
  /** Users may wait while its shared service is replaced. */
  sharedDowntime?: boolean;
  /** Its shared service does not come up. */
  brokenShared?: boolean;
}

/** A release whose copies behave as named. Digest: `sha256:<behaviour>:<serial>`. */
export function aRequest(serial: number, behaves: Behaviour, wishes: Wishes = {}): RolloutRequest {
  const rolling: StrategyDefinition = { kind: 'rolling', batch: 1, unavailable: 0, pauseMs: 0 };
  return {
    rolloutId: `ro-${serial}`,
    kind: 'deploy',
    revision: aRevision(serial, behaves, wishes),
    settings: {
      strategy: wishes.strategy ?? (wishes.rolling ? rolling : switchAtOnce),
      bakeMs: 2_000,
      rollbackWindowMs: 60_000,
      rules: { ...noRules, ...wishes.rules },
      checks: wishes.checks ?? noChecks,
      judge: null,
      ...wishes.settings,
    },
    requestedBy: 'ana',
    replyTo: 'run-1',
    shipNumber: null,
  };
}

/** Asks for less than the stable revision's own: only for what is named. */
export function aJudge(wishes: Partial<JudgeDefinition>): JudgeDefinition {
  return { ...judgeLevels.balanced, ...wishes };
}

/** A canary by the weights given, each but the last with a hold; `flags` are turned at their weight. */
export function aCanary(
  weights: number[],
  hold: Hold,
  { flags = {}, ...more }: Partial<Canary> & { flags?: Record<number, Record<string, string>> } = {},
): StrategyDefinition {
  const steps = weights.map((weightPercent) => ({
    weightPercent,
    hold: weightPercent === 100 ? ({ kind: 'none' } as const) : hold,
    ...(flags[weightPercent] ? { flags: flags[weightPercent] } : {}),
  }));
  return { kind: 'canary', steps, sticky: false, testers: null, ...more };
}

type Canary = Extract<StrategyDefinition, { kind: 'canary' }>;

function aRevision(serial: number, behaves: Behaviour, wishes: Wishes): Omit<Revision, 'id'> {
  const { replicas = 1, irreversible = false, stack = false, alone = false } = wishes;
  const { brokenShared = false, sharedDowntime = false } = wishes;
  const worker = {
    command: 'node worker.js',
    replicas: 1,
    role: 'worker',
    overlap: false,
    alone: false,
  } as const;
  const companion: RevisionProcess = {
    name: 'api',
    command: '',
    replicas: 1,
    role: 'companion',
    overlap: true,
    alone: false,
    after: ['db'],
  };
  return {
    release: { digest: `sha256:${behaves}:${serial}`, commit: `c${serial}`, title: `change ${serial}` },
    machines: wishes.machines ?? [here],
    processes: [
      ...(stack ? [companion] : []),
      {
        name: 'web',
        command: 'node web.js',
        replicas,
        role: 'web',
        overlap: false,
        alone,
        after: stack ? ['api', 'db'] : [],
      },
      { name: 'worker', ...worker, after: [] },
    ],
    shared: stack
      ? [
          {
            name: 'db',
            fingerprint: `${brokenShared ? 'broken' : 's'}${serial}`,
            after: [],
            ...(sharedDowntime ? { downtime: 'allowed' as const } : {}),
          },
        ]
      : [],
    tasks: [{ name: 'release', command: 'node migrate.js' }],
    project: null,
    images: {},
    port: null,
    hosts: ['app.localhost'],
    rateLimit: null,
    health: {
      probe: 'http',
      path: '/ready',
      command: null,
      intervalMs: 250,
      probeTimeoutMs: 1_000,
      successes: 2,
      deadlineMs: 10_000,
    },
    smoke: [],
    drainTimeoutMs: 5_000,
    migration: { irreversible },
    configuration: { fingerprint: `f${serial}`, env: {}, envFile: null, secrets: [] },
  };
}
