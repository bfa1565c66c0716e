import { unreachable } from '../diagnostics/index.ts';
import type { StrategyDefinition } from '../app/index.ts';

/** One step of a rollout: so many copies ready, then so much of the traffic. */
export interface Step {
  /** Web copies of the candidate that must be ready. */
  ready: number;
  /** The candidate's share of traffic afterwards, 1-100; never more than `ready / replicas`. */
  weightPercent: number;
}

/**
 * Compiles a strategy to steps.
 *
 * @param replicas - Web copies that the candidate has at the end; 0 for an app without a web process.
 * @param hasStable - Without a revision to share traffic with, the first weight must be 100.
 */
export function compileStrategy(strategy: StrategyDefinition, replicas: number, hasStable: boolean): Step[] {
  if (replicas === 0) return [];
  if (!hasStable) return [{ ready: replicas, weightPercent: 100 }];
  switch (strategy.kind) {
    case 'blue-green':
      return [{ ready: replicas, weightPercent: 100 }];
    case 'rolling':
      return rollingSteps(replicas, Math.max(1, strategy.batch));
    case 'canary':
      return [...strategy.steps.map(({ weightPercent }) => weightPercent), 100].map((weightPercent) => ({
        ready: Math.max(1, Math.ceil((replicas * weightPercent) / 100)),
        weightPercent,
      }));
    default:
      return unreachable(strategy);
  }
}

function rollingSteps(replicas: number, batch: number): Step[] {
  const steps: Step[] = [];
  for (let ready = Math.min(batch, replicas); ; ready = Math.min(ready + batch, replicas)) {
    steps.push({ ready, weightPercent: Math.floor((100 * ready) / replicas) });
    if (ready === replicas) return steps;
  }
}
