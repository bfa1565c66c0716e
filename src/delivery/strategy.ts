import { unreachable } from '../diagnostics/index.ts';
import type { Hold, StrategyDefinition } from '../app/index.ts';

/** One step of a rollout: so many copies ready, then so much of the traffic. */
export interface Step {
  /** Web copies of the candidate that must be ready. */
  ready: number;
  /** The candidate's share of traffic afterwards, 0-100; never more than `ready / replicas`. */
  weightPercent: number;
  /** Web copies of the stable revision that are taken away before the candidate's start. */
  taken: number;
  /** What must be over before the next step. */
  hold: Hold;
}

const noHold: Hold = { kind: 'none' };

/** The one step of a service of which no two may run: the old copies go before the new ones come. */
export function replaceAtOnce(copies: { candidate: number; stable: number }): Step[] {
  return [{ ready: copies.candidate, weightPercent: 100, taken: copies.stable, hold: noHold }];
}

/**
 * Compiles a strategy to steps; the last has all copies and all traffic.
 *
 * @param copies.candidate - Web copies that the candidate has at the end; 0 for an app without a web process.
 * @param copies.stable - Web copies of the revision that shares traffic with it; 0 without one: then all comes at once.
 */
export function compileStrategy(
  strategy: StrategyDefinition,
  copies: { candidate: number; stable: number },
): Step[] {
  const all: Step = { ready: copies.candidate, weightPercent: 100, taken: 0, hold: noHold };
  if (copies.candidate === 0 || copies.stable === 0) return [all];
  switch (strategy.kind) {
    case 'blue-green': {
      const { preview, hold } = strategy;
      return preview || hold.kind !== 'none' ? [{ ...all, weightPercent: 0, hold }, all] : [all];
    }
    case 'rolling':
      return rollingSteps(strategy, copies);
    case 'canary':
      return [...strategy.steps.filter(({ weightPercent }) => weightPercent < 100), all].map(
        ({ weightPercent, hold }) => ({
          ready: Math.max(1, Math.ceil((copies.candidate * weightPercent) / 100)),
          weightPercent,
          taken: 0,
          hold,
        }),
      );
    default:
      return unreachable(strategy);
  }
}

function rollingSteps(
  { batch, unavailable, pauseMs }: Extract<StrategyDefinition, { kind: 'rolling' }>,
  copies: { candidate: number; stable: number },
): Step[] {
  const steps: Step[] = [];
  const replicas = copies.candidate;
  for (let before = 0; before < replicas;) {
    const ready = Math.min(before + Math.max(1, batch), replicas);
    const kept = Math.max(0, replicas - before - unavailable);
    steps.push({
      ready,
      weightPercent: Math.floor((100 * ready) / replicas),
      taken: unavailable === 0 ? 0 : Math.max(0, copies.stable - kept),
      hold: ready === replicas || pauseMs === 0 ? noHold : { kind: 'timer', ms: pauseMs },
    });
    before = ready;
  }
  return steps;
}
