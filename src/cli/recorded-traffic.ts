import { CodedError } from '../diagnostics/index.ts';
import type { Traffic } from '../simulation/index.ts';
import type { EnvironmentView } from '../wiring/index.ts';

/** Fewer requests say little of what comes. */
const fewest = 100;

/**
 * What the router has counted of the revision that serves, as a model of traffic.
 *
 * @throws CodedError `cli/no-recorded-traffic` where that says too little.
 */
export function recordedTraffic(
  view: EnvironmentView | undefined,
  { app, environment, nowMs }: { app: string; environment: string; nowMs: number },
): Partial<Traffic> {
  const traffic = view?.serving?.traffic;
  const minutes = (nowMs - (view?.serving?.liveAtMs ?? nowMs)) / 60_000;
  const requests = traffic?.requests ?? 0;
  if (!traffic || requests < fewest || minutes <= 0)
    throw new CodedError(
      'cli/no-recorded-traffic',
      `too few requests have come to ${app}/${environment} since its revision serves`,
      {
        notes: [`so far ${requests}; ${fewest} are needed`],
        help: 'say what comes instead: slipway simulate --requests 50/m --errors 0.2%',
      },
    );
  const { errors, sessions, p50Ms, p95Ms } = traffic;
  return {
    requestsPerMinute: requests / minutes,
    requestsPerSession: Math.max(1, Math.round(requests / Math.max(1, sessions))),
    errorShare: errors / requests,
    ...(p50Ms !== null && p95Ms !== null && p50Ms > 0 ? { latency: latencyOf(p50Ms, p95Ms) } : {}),
  };
}

/** 95 of 100 of what is normal lie below 1.645 standard deviations. */
function latencyOf(p50Ms: number, p95Ms: number): Traffic['latency'] {
  return { medianMs: p50Ms, spread: Math.max(0.05, Math.log(p95Ms / p50Ms) / 1.645) };
}
