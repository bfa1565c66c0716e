import type { ComposeService } from '../compose/index.ts';
import type { EnvironmentDefinition, HealthDefinition, StrategyDefinition } from './model.ts';

interface Copies {
  name: string;
  replicas: number;
}

/** How traffic moves: as slipway.yml says, else by `deploy.update_config` of the service that gets it, else at once. */
export function composeStrategy(
  { unwritten, strategy }: EnvironmentDefinition,
  routed: ComposeService | undefined,
  copies: readonly Copies[],
): StrategyDefinition {
  const update = routed?.deploy.update;
  if (!unwritten.includes('strategy') || !update) return strategy;
  const replicas = copies.find(({ name }) => name === routed?.name)?.replicas ?? 1;
  if (update.parallelism === 0 || update.parallelism >= replicas) return strategy;
  // stop-first with every copy at once would leave nobody, so one always stays.
  const unavailable = update.order === 'stop-first' ? Math.min(update.parallelism, replicas - 1) : 0;
  return { kind: 'rolling', batch: update.parallelism, unavailable, pauseMs: update.delayMs };
}

/** The watch after 100 %: as slipway.yml says, else at least as long as `deploy.update_config.monitor`. */
export function composeBake(
  { unwritten, bakeMs }: EnvironmentDefinition,
  routed: ComposeService | undefined,
): number {
  const monitor = routed?.deploy.update?.written.includes('monitor') ? routed.deploy.update.monitorMs : 0;
  return unwritten.includes('bake') ? Math.max(bakeMs, monitor) : bakeMs;
}

/** What Docker takes where a healthcheck leaves it out. */
const dockerDefaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3 };

/** A service that a rollout waits for until it is ready. */
export interface Awaited {
  service: ComposeService;
  role: 'web' | 'companion' | 'shared';
  /** Services that must be up before it starts. */
  after: readonly string[];
}

/**
 * When a copy counts as ready. One deadline holds for all, as a rollout waits for all at once; it leaves each healthcheck
 * the time that it asks for, one after the other where services start so.
 */
export function composeHealth(
  { unwritten, health }: EnvironmentDefinition,
  awaited: readonly Awaited[],
): HealthDefinition {
  if (!unwritten.includes('health.deadline')) return health;
  const untilReadyMs = ({ service, role, after }: Awaited): number => {
    const ownMs = Math.max(neededMs(service), role === 'web' ? health.deadlineMs : 0);
    // Shared services are waited for before all others, with a deadline of their own.
    const before = awaited.filter(
      (other) => after.includes(other.service.name) && (other.role === 'shared') === (role === 'shared'),
    );
    return ownMs + Math.max(0, ...before.map(untilReadyMs));
  };
  return { ...health, deadlineMs: Math.max(health.deadlineMs, ...awaited.map(untilReadyMs)) };
}

/** How long a service may take until its healthcheck has called it healthy or not. */
function neededMs({ healthcheck: check }: ComposeService): number {
  if (!check || check.disable) return 0;
  const intervalMs = check.intervalMs ?? dockerDefaults.intervalMs;
  const timeoutMs = check.timeoutMs ?? dockerDefaults.timeoutMs;
  return (check.startPeriodMs ?? 0) + (check.retries ?? dockerDefaults.retries) * (intervalMs + timeoutMs);
}
