import { absorb } from './absorb.ts';
import { act } from './act.ts';
import { admit, startQueued } from './admit.ts';
import { jobResult } from './ancestry.ts';
import { Draft } from './draft.ts';
import type { PlanLimits } from './draft.ts';
import type { Observed, RunPlan, RunResult, RunState } from './model.ts';
import { passRunGate } from './run-gate.ts';

/**
 * Looks at the world and decides what is next. Pure; called again with the state it returned and the same world it
 * returns the same actions, so any of them may be carried out twice or lost.
 */
export function planRun(state: RunState, observed: Observed, limits: PlanLimits): RunPlan {
  const draft = new Draft(state, observed, limits);
  if (!state.finished) advance(draft);
  const { actions, events, wakeAtMs, named } = draft;
  return { state: draft.state, actions, events, wakeAtMs, named: [...named] };
}

function advance(draft: Draft): void {
  for (const job of draft.jobs()) absorb(draft, job);
  if (passRunGate(draft)) {
    admit(draft);
    startQueued(draft);
    for (const job of draft.jobs()) act(draft, job);
  }
  const result = runResult(draft.state);
  if (result === null) return;
  draft.state.finished = { result, atMs: draft.limits.nowMs };
  draft.events.push({ type: 'run.finished', data: { result } });
}

/** How the run ended, or null while a job has not. */
export function runResult(state: RunState): RunResult | null {
  const results = state.workflow.jobs.map(({ id }) => jobResult(state, { parent: null, jobId: id }));
  if (results.includes(null)) return null;
  if (state.cancelRequested && results.includes('cancelled')) return 'cancelled';
  if (results.includes('failure')) return 'failure';
  return results.includes('cancelled') ? 'cancelled' : 'success';
}
