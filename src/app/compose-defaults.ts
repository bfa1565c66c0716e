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

/**
 * When a copy counts as ready: the deadline leaves each healthcheck the time that it asks for.
 *
 * @param awaited - Services that a rollout waits for: the one that gets traffic, its companions, shared ones.
 */
export function composeHealth(
  { unwritten, health }: EnvironmentDefinition,
  awaited: readonly ComposeService[],
): HealthDefinition {
  if (!unwritten.includes('health.deadline')) return health;
  return { ...health, deadlineMs: Math.max(health.deadlineMs, ...awaited.map(neededMs)) };
}

/** How long a service may take until its healthcheck has called it healthy or not. */
function neededMs({ healthcheck: check }: ComposeService): number {
  if (!check || check.disable) return 0;
  const intervalMs = check.intervalMs ?? dockerDefaults.intervalMs;
  const timeoutMs = check.timeoutMs ?? dockerDefaults.timeoutMs;
  return (check.startPeriodMs ?? 0) + (check.retries ?? dockerDefaults.retries) * (intervalMs + timeoutMs);
}
