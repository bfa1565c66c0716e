import type { EnvironmentDefinition, HealthDefinition, JudgeDefinition, JudgeLevel } from './model.ts';

/** What holds where slipway.yml says nothing; documented from here, and read from here by the published schema. */
export const defaults = {
  /** The environment of a repository without `environments`. */
  environmentName: 'production',
  /** The server's own. */
  machines: ['here'],
  /** Path null: ready means that the port is open and answers HTTP at all, since `/` may rightly be 401 or 404. */
  health: {
    probe: 'http',
    path: null,
    command: null,
    intervalMs: 250,
    probeTimeoutMs: 2000,
    successes: 2,
    deadlineMs: 60_000,
  } satisfies HealthDefinition,
  drainTimeoutMs: 30_000,
  bakeMs: 10_000,
  rollbackWindowMs: 3_600_000,
  replicas: 1,
  rollingBatch: 1,
  strategy: 'blue-green',
  canaryWeights: [10, 50, 100],
  canaryHoldMs: 60_000,
  minRequests: 50,
  /** Of a canary; other strategies have none. */
  judge: 'balanced',
  metricIntervalMs: 10_000,
  metricCommandMs: 10_000,
  metricFailures: 3,
  probesPerMinute: 30,
  /** A request is repeated for so long; a command may take so long. */
  requestCheckMs: 10_000,
  commandCheckMs: 300_000,
} as const;

const judge: Omit<JudgeDefinition, 'level' | 'falseAlarm' | 'undecided'> = {
  errorRate: null,
  p95Ms: null,
  minRequests: defaults.minRequests,
  provenBelow: 0.01,
  warmUpMs: 10_000,
  stallMs: 1_000,
  metrics: [],
  probes: null,
};

/** What the words for a judge stand for. */
export const judgeLevels: Record<JudgeLevel, JudgeDefinition> = {
  careful: { ...judge, level: 'careful', falseAlarm: 0.05, undecided: 'hold' },
  balanced: { ...judge, level: 'balanced', falseAlarm: 0.01, undecided: 'go-on' },
  fast: { ...judge, level: 'fast', falseAlarm: 0.001, undecided: 'go-on' },
};

/** Host names of an environment that names none: `<app>.localhost` for production, `<environment>.<app>.localhost` else. */
export function defaultHosts(appName: string, environmentName: string): string[] {
  const base = `${appName}.localhost`;
  return [environmentName === defaults.environmentName ? base : `${environmentName}.${base}`];
}

/** An environment with every default. */
export function defaultEnvironment(appName: string, name: string): EnvironmentDefinition {
  return {
    name,
    unwritten: ['strategy', 'health.deadline', 'bake'],
    branches: [],
    promoteFrom: null,
    hosts: defaultHosts(appName, name),
    machines: [...defaults.machines],
    env: {},
    vars: {},
    envFile: null,
    secrets: [],
    replicas: {},
    strategy: { kind: defaults.strategy, preview: false, hold: { kind: 'none' } },
    health: { ...defaults.health },
    drainTimeoutMs: defaults.drainTimeoutMs,
    bakeMs: defaults.bakeMs,
    rollbackWindowMs: defaults.rollbackWindowMs,
    overlap: [],
    rateLimit: null,
    rules: { reviewers: [], preventSelfReview: false, waitTimerMs: 0, windows: [], deadlineMs: null },
    smoke: [],
    checks: { before: [], after: [] },
    judge: null,
    migration: { irreversible: false, twoReleases: false, command: null },
  };
}

/** The environments of a repository that defines none: `production`, from the default branch alone. */
export function defaultEnvironments(appName: string, defaultBranch: string): EnvironmentDefinition[] {
  return [
    { ...defaultEnvironment(appName, defaults.environmentName), branches: [escapePattern(defaultBranch)] },
  ];
}

/** A branch's name as a filter pattern that matches only itself. */
function escapePattern(branch: string): string {
  return branch.replaceAll(/[*?+[\]!\\]/g, String.raw`\$&`);
}
