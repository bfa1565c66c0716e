import { unreachable } from '../diagnostics/index.ts';
import type { CanaryStep, Hold, StrategyDefinition } from '../app/index.ts';

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
  /** Flags that get a variant once the share of traffic stands: names of variants, by flag. */
  flags?: Record<string, string>;
}

const noHold: Hold = { kind: 'none' };

/** The one step of a service of which no two may run: the old copies go before the new ones come. */
export function replaceAtOnce(
  strategy: StrategyDefinition,
  copies: { candidate: number; stable: number },
): Step[] {
  const taken = copies.stable;
  return [
    { ready: copies.candidate, weightPercent: 100, taken, hold: noHold, ...allFlags(stepsOf(strategy)) },
  ];
}

/** The flags of several steps that have become one; what a later one says holds. */
export function allFlags(steps: readonly Pick<Step, 'flags'>[]): Pick<Step, 'flags'> {
  const flags = Object.fromEntries(steps.flatMap((step) => Object.entries(step.flags ?? {})));
  return Object.keys(flags).length > 0 ? { flags } : {};
}

function stepsOf(strategy: StrategyDefinition): CanaryStep[] {
  return strategy.kind === 'canary' ? strategy.steps : [];
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
  if (copies.candidate === 0 || copies.stable === 0) return [{ ...all, ...allFlags(stepsOf(strategy)) }];
  switch (strategy.kind) {
    case 'blue-green': {
      const { preview, hold } = strategy;
      return preview || hold.kind !== 'none' ? [{ ...all, weightPercent: 0, hold }, all] : [all];
    }
    case 'rolling':
      return rollingSteps(strategy, copies);
    case 'canary':
      return [
        ...strategy.steps.filter(({ weightPercent }) => weightPercent < 100),
        { ...all, ...allFlags(strategy.steps.filter(({ weightPercent }) => weightPercent === 100)) },
      ].map(({ weightPercent, hold, flags }) => ({
        ready: Math.max(1, Math.ceil((copies.candidate * weightPercent) / 100)),
        weightPercent,
        taken: 0,
        hold,
        ...(flags ? { flags } : {}),
      }));
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
