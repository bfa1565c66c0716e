import type { RunState } from './model.ts';
import { attempt, evaluateText, frameContexts, scopeOf } from './scope.ts';

/**
 * What people see a run called: its evaluated `run-name`; without one, or where it comes out empty, the commit's or pull
 * request's title, and the workflow's name for every other event. One that cannot be evaluated is shown as written.
 *
 * @see https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#run-name
 */
export function runName(state: RunState): string {
  const { runName: written } = state.workflow;
  const usual = ['push', 'pull_request', 'pull_request_target'].includes(state.event.name)
    ? state.event.message || state.workflow.name
    : state.workflow.name;
  if (!written) return usual;
  const name = attempt(() => evaluateText(written, scopeOf(frameContexts(state, null))));
  return (name.ok ? name.value.trim() : written.text) || usual;
}
