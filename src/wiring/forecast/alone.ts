import { outdatedShared } from '../../delivery/index.ts';
import type { ForecastFacts } from './model.ts';

/** Whether users wait while their service is replaced: only one of it may run, or what it leans on is replaced. */
export function standsAlone({
  app,
  state,
  shared,
}: Pick<ForecastFacts, 'app' | 'state' | 'shared'>): boolean {
  const old = state?.stable?.processes.find(({ role }) => role === 'web');
  const next = app.services.find(({ role }) => role === 'web');
  return (
    old !== undefined &&
    next !== undefined &&
    (old.alone || next.alone || replacedShared({ state, shared }).length > 0)
  );
}

/** Shared services that the rollout replaces, as slipway.yml allows it. */
export function replacedShared({ state, shared }: Pick<ForecastFacts, 'state' | 'shared'>): string[] {
  if (!state) return [];
  return outdatedShared(state, { candidate: { shared }, kind: 'deploy' }).map(({ name }) => name);
}
