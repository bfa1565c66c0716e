import type { ForecastFacts } from './model.ts';

/** Whether users wait while their service is replaced, because only one of it may run. */
export function standsAlone({ app, state }: Pick<ForecastFacts, 'app' | 'state'>): boolean {
  const old = state?.stable?.processes.find(({ role }) => role === 'web');
  const next = app.services.find(({ role }) => role === 'web');
  return old !== undefined && next !== undefined && (old.alone || next.alone);
}
