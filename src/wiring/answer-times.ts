import type { RevisionTraffic } from '../delivery/index.ts';

/** Within how long half and 95 of 100 requests were answered; null where nobody knows. */
export interface AnswerTimes {
  p50Ms: number | null;
  p95Ms: number | null;
}

/** From what several routers counted of one revision; of their edges those that all have. */
export function answerTimes(counted: readonly Pick<RevisionTraffic, 'latency'>[]): AnswerTimes {
  const sums = new Map<number | null, { count: number; routers: number }>();
  for (const { leMs, count } of counted.flatMap(({ latency }) => latency)) {
    const before = sums.get(leMs) ?? { count: 0, routers: 0 };
    sums.set(leMs, { count: before.count + count, routers: before.routers + 1 });
  }
  const all = sums.get(null)?.count ?? 0;
  const edges = [...sums].flatMap(([leMs, { count, routers }]) =>
    leMs !== null && routers === counted.length ? [{ leMs, count }] : [],
  );
  edges.sort((a, b) => a.leMs - b.leMs);
  const within = (share: number) =>
    all === 0 ? null : (edges.find(({ count }) => count >= share * all)?.leMs ?? null);
  return { p50Ms: within(0.5), p95Ms: within(0.95) };
}
