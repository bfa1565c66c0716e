import type { LotCounts, RouterState } from './ports.ts';

/** Of the requests so far these shares were done by the times at which slowness is told, 0-1. */
export const slowQuantiles: readonly number[] = [0.9, 0.95, 0.99];
/** What is known of fewer says little: then these times. */
const fewRequests = 50;
const usualMs = [250, 1_000, 4_000];

/**
 * Times that tell slow sessions from others, out of those that the routers know, or Slipway's own requests, which are told
 * by the same; empty while nobody knows any.
 *
 * @param stable - Whose requests so far say what is usual.
 */
export function usualEdges(
  routers: readonly RouterState[],
  { stable, probed }: { stable: string | null; probed: { candidate: LotCounts } | null },
): number[] {
  const known = routers
    .flatMap(({ lots }) => lots ?? [])
    .flatMap(({ drawn }) => Object.values(drawn))
    .find(({ slow }) => slow.length > 0);
  const edges = (known ?? probed?.candidate)?.slow.map(({ overMs }) => overMs) ?? [];
  const wanted = routers.map((router) => timesOf(router, stable)).find((times) => times !== null) ?? usualMs;
  const chosen = wanted
    .map((time) => edges.find((edge) => edge >= time))
    .filter((edge) => edge !== undefined);
  return [...new Set(chosen)];
}

function timesOf({ revisions }: RouterState, stable: string | null): number[] | null {
  const latency = revisions.find(({ id }) => id === stable)?.latency ?? [];
  const timed = latency.at(-1)?.count ?? 0;
  if (timed < fewRequests) return null;
  return slowQuantiles.map((share) => latency.find(({ count }) => count >= share * timed)?.leMs ?? Infinity);
}
