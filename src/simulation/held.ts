import { playMany, type Repetition } from './many.ts';
import type { Simulation } from './rollout.ts';
import type { Summary } from './summary.ts';

/**
 * The same at one share of traffic, for as long as it takes. Caches are warm, and where sessions are rare, a look is taken
 * only about as often as one comes, or ten times as often.
 */
export function heldAt(
  { rules, traffic, candidate, lookMs }: Simulation,
  weightPercent: number,
  longestMs: number,
): Simulation {
  const sessionMs = (60_000 * traffic.requestsPerSession) / traffic.requestsPerMinute;
  // Those who come between two looks count as one stretch.
  const longestLookMs = rules.stallMs > 0 ? sessionMs / 10 : sessionMs;
  return {
    plan: { steps: [{ weightPercent, holdMs: longestMs }], bakeMs: 0 },
    rules: { ...rules, warmUpMs: 0, undecided: 'go-on' },
    traffic,
    candidate,
    lookMs: Math.max(lookMs, Math.floor(longestLookMs)),
  };
}

/** Plays a bad candidate at one share until it is stopped. */
export function playUntilStopped(
  simulation: Simulation,
  weightPercent: number,
  repetition: Repetition & { longestMs: number },
): Summary {
  return playMany(heldAt(simulation, weightPercent, repetition.longestMs), repetition);
}
