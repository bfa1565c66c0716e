import { startObserved, type Json } from '../flow/index.ts';
import { keepsBounds } from '../judge/index.ts';
import { addTotals, between, noTotals, readRouter } from './compared.ts';
import type { Draft } from './draft.ts';
import type { BoundsWatch, Rollout } from './environment.ts';
import type { Observed } from './observed.ts';

/** Counts begin anew so often: an hour that went well must not hide a bad minute for a day. */
const windowMs = 600_000;

/** Where the judge of a rollout that ends well has bounds, they go on to hold. */
export function watchFrom({ candidate, settings: { judge } }: Rollout, nowMs: number): BoundsWatch | null {
  if (!judge || (judge.errorRate === null && judge.p95Ms === null)) return null;
  const window = startObserved(nowMs);
  return { revision: candidate.id, judge, readings: {}, totals: noTotals, window, broken: null };
}

/** Looks at what serves while nothing else goes on, and tells when a bound is broken and when it is kept again. */
export function watchBounds(draft: Draft, observed: Observed, nowMs: number): void {
  const { state } = draft;
  const { watch, stable } = state;
  // A rollback brings back what was judged another time.
  if (!watch || watch.revision !== stable?.id) {
    delete state.watch;
    return;
  }
  if (state.rollout) return;
  count(watch, observed);
  const kept = keepsBounds(watch.judge, watch.totals);
  if (kept.is === 'broken' && watch.broken === null)
    draft.event('bounds.broken', 'slipway', {
      revision: watch.revision,
      reason: kept.reason,
      evidence: kept.evidence as unknown as Json,
    });
  if (kept.is === 'broken') watch.broken = kept.reason;
  if (watch.window.elapsedMs < windowMs && kept.is !== 'broken') return;
  if (kept.is === 'kept' && watch.broken !== null) {
    draft.event('bounds.kept', 'slipway', { revision: watch.revision });
    watch.broken = null;
  }
  watch.totals = noTotals;
  watch.window = startObserved(nowMs);
}

function count(watch: BoundsWatch, { routers }: Observed): void {
  const reader = {
    candidate: watch.revision,
    stable: null,
    edgesMs: [],
    slowerThanMs: watch.judge.p95Ms,
  };
  for (const [machine, router] of Object.entries(routers)) {
    if (!router) continue;
    const reading = readRouter(router, reader);
    const before = watch.readings[machine];
    watch.readings[machine] = { ...reading, lots: null };
    const more = before && between(before, reading);
    if (more) watch.totals = addTotals(watch.totals, more.candidate);
  }
}
