import { needsContext } from './ancestry.ts';
import { cancelReason } from './cancel.ts';
import type { Draft } from './draft.ts';
import { frameOf, stepsJobOf } from './frames.ts';
import { githubContext } from './github-context.ts';
import { rolloutKey, workerId } from './keys.ts';
import type { JobInstance, JobOrder, JobState, RunState } from './model.ts';
import { permissionsOf } from './permissions.ts';
import { strategyContext } from './scope.ts';
import { secretPathOf } from './secrets.ts';

/**
 * Says again whatever should be true of a job and is not yet seen to be. A worker named only in this look waits for the
 * next one: what no committed state names would be nobody's if this owner died now.
 */
export function act(draft: Draft, job: JobInstance): void {
  if (draft.named.has(job.key)) return;
  if (job.state.phase === 'running') actOnRunning(draft, job, job.state);
  if (job.state.phase === 'parked') actOnParked(draft, job, job.state);
}

function actOnRunning(
  draft: Draft,
  job: JobInstance,
  running: Extract<JobState, { phase: 'running' }>,
): void {
  const { actions, state } = draft;
  const id = workerId(state.id, job, running.incarnation);
  const seen = draft.observed.jobs[job.key];
  const unseen = (seen?.worker ?? 'none') === 'none';
  const reason = cancelReason(state, job);
  if (unseen && running.resume) {
    const cancelled = reason !== null;
    actions.push({ kind: 'resume-job', jobKey: job.key, workerId: id, outcome: running.resume, cancelled });
  } else if (unseen) {
    actions.push({ kind: 'start-job', jobKey: job.key, workerId: id, order: orderOf(state, job) });
  } else if (reason !== null && seen?.report?.phase === 'running') {
    // Only a worker that has said a word can wind up; one that still boots would just die of the signal.
    actions.push({ kind: 'cancel-job', jobKey: job.key, workerId: id, reason });
  }
}

function actOnParked(draft: Draft, job: JobInstance, parked: Extract<JobState, { phase: 'parked' }>): void {
  const { deploy } = parked;
  const key = rolloutKey(draft.state.id, job, deploy.stepIndex);
  const reason = cancelReason(draft.state, job);
  if (reason !== null) {
    draft.actions.push({ kind: 'abort-rollout', jobKey: job.key, rolloutKey: key, reason });
  } else if (!draft.observed.rollouts[key]) {
    draft.actions.push({ kind: 'request-rollout', jobKey: job.key, rolloutKey: key, deploy });
  }
}

/** The order is a function of the state alone, so a repeated start carries the same one. */
function orderOf(state: RunState, job: JobInstance): JobOrder {
  const { workflow, inputs } = frameOf(state, job.parent);
  return {
    runId: state.id,
    jobKey: job.key,
    displayName: job.displayName,
    job: stepsJobOf(state, job),
    workflow: {
      file: workflow.file,
      name: workflow.name,
      env: workflow.env,
      defaults: workflow.defaults,
      permissions: workflow.permissions,
    },
    environment: job.environment,
    permissions: permissionsOf(state, job),
    secretPath: secretPathOf(state, job),
    contexts: {
      github: githubContext(state, job.parent),
      needs: needsContext(state, job),
      matrix: job.matrix,
      strategy: strategyContext(job),
      vars: { ...state.vars, ...state.environmentVars[job.environment ?? ''] },
      inputs,
    },
  };
}
