import { startObserved } from '../flow/index.ts';
import type { Draft } from './draft.ts';
import type { Retiring } from './environment.ts';
import { inFlight, routerOf, type Observed } from './observed.ts';
import { leave } from './succeed.ts';

/** Lets what stood by leave when its window is over, and what leaves drain and end. */
export function retire(draft: Draft, observed: Observed, nowMs: number): void {
  const { state } = draft;
  const { standby } = state;
  const wanted = state.rollout?.standing === true;
  if (standby && !wanted && standby.window.elapsedMs >= standby.windowMs) {
    leave(state, standby.revision, nowMs);
    state.standby = null;
  }
  state.retiring = state.retiring.flatMap((leaving) => {
    const next = goOut(leaving, observed, nowMs);
    if (!next) draft.event('revision.retired', 'slipway', { revision: leaving.revision.id });
    return next ?? [];
  });
}

/** A revision's next step out; null when it is gone. On a machine that is silent it begins when that is seen again. */
function goOut(leaving: Retiring, observed: Observed, nowMs: number): Retiring | null {
  const { revision, drain } = leaving;
  const on = leaving.on ?? revision.machines;
  const unseen = on.filter((machine) => observed.silent.includes(machine));
  const anew = { ...leaving, stage: 'draining', drain: startObserved(nowMs) } as const;
  if (unseen.length === on.length) return anew;
  const drained = inFlight(observed, revision.id) === 0 || drain.elapsedMs >= revision.drainTimeoutMs;
  const stage = drained ? 'stopping' : leaving.stage;
  const routed = on.some((machine) => !unseen.includes(machine) && !routerOf(observed, machine));
  const stands = routed || observed.instances.some((seen) => seen.revision === revision.id);
  if (stage === 'draining' || stands) return { ...leaving, stage };
  return unseen.length > 0 ? { ...anew, on: unseen } : null;
}
