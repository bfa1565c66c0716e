import type { EnvironmentDefinition } from '../app/index.ts';
import { compileStrategy } from '../delivery/index.ts';

/** The shares of traffic that a rollout gives, and how long each lasts. */
export interface Plan {
  steps: { weightPercent: number; holdMs: number }[];
  /** With all traffic, after the last step. */
  bakeMs: number;
}

/** Approvals take as long as people do; here each comes after so long. */
const approvalMs = 600_000;

/** What an environment's strategy does to traffic. Steps that last no time are left out, but for the last. */
export function planOf({ strategy, replicas, bakeMs }: EnvironmentDefinition, web = 'web'): Plan {
  const copies = replicas[web] ?? 1;
  const steps = compileStrategy(strategy, { candidate: copies, stable: copies }).map(
    ({ weightPercent, hold }) => ({
      weightPercent,
      holdMs: hold.kind === 'timer' ? hold.ms : hold.kind === 'approval' ? approvalMs : 0,
    }),
  );
  return { steps: steps.filter(({ holdMs }) => holdMs > 0), bakeMs };
}

/** From the candidate's first traffic to the end of the bake. */
export function lengthOf({ steps, bakeMs }: Plan): number {
  return steps.reduce((sum, { holdMs }) => sum + holdMs, 0) + bakeMs;
}
