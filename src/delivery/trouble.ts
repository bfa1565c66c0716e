import { advanceObserved, startObserved } from '../flow/index.ts';
import { effectKey, type Effect } from './effects.ts';
import type { EnvironmentState, Trouble } from './environment.ts';

/** An effect that failed in this tick. */
export interface FailedEffect {
  effect: Effect;
  message: string;
}

/** The state with this tick's failures noted, and what has worked since forgotten. */
export function noteTroubles(
  state: EnvironmentState,
  failed: readonly FailedEffect[],
  nowMs: number,
): EnvironmentState {
  const troubles: Record<string, Trouble> = {};
  for (const { effect, message } of failed) {
    const key = effectKey(effect);
    troubles[key] = { message, since: state.troubles?.[key]?.since ?? startObserved(nowMs) };
  }
  return { ...state, troubles };
}

/** The troubles after one more look at the clock. */
export function advanceTroubles(
  troubles: Record<string, Trouble>,
  nowMs: number,
  maxStepMs: number,
): Record<string, Trouble> {
  return Object.fromEntries(
    Object.entries(troubles).map(([key, { message, since }]) => [
      key,
      { message, since: advanceObserved(since, nowMs, maxStepMs) },
    ]),
  );
}

/**
 * Effects that the rest need not wait for: a copy that cannot be started any more, unless the rollout is about it. It is
 * tried again at each look, but a broken revision holds up neither the release that mends it nor the way back. A repair
 * holds nothing up either: whether what it is about is up is for the gate to say.
 */
export function withoutHopeless(
  effects: readonly Effect[],
  { troubles = {}, rollout }: EnvironmentState,
): Effect[] {
  const wanted = rollout && rollout.phase.at !== 'reverting' ? rollout.candidate.id : null;
  const preparing = rollout?.phase.at === 'preparing';
  return effects.filter((effect) => {
    if (effect.do === 'repair') return false;
    if (effect.do !== 'start' || !troubles[effectKey(effect)]) return true;
    const { revision, process } = effect.instance;
    return process.role === 'shared' ? preparing : revision.id === wanted;
  });
}
