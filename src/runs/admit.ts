import { unreachable } from '../diagnostics/index.ts';
import { jobResult, needsOf } from './ancestry.ts';
import { endOfCall, jobsOfCall } from './call.ts';
import { cancelReason } from './cancel.ts';
import { decideJob, endState } from './decide-job.ts';
import type { Draft } from './draft.ts';
import { expandJob, groupGate } from './expand-job.ts';
import { instancesIn, instancesOf, writtenJob } from './frames.ts';
import { jobHolder } from './groups.ts';
import type { EnvironmentVerdict, GroupVerdict, JobInstance, JobState } from './model.ts';
import { verdictFor } from './run-gate.ts';

/** Lets every job as far as it may go without a worker: through its `if`, its matrix, its environment and its groups. */
export function admit(draft: Draft): void {
  for (let before = -1; before !== draft.changes;) {
    before = draft.changes;
    for (const job of draft.jobs()) {
      if (job.state.phase === 'pending') consider(draft, job);
    }
    for (const job of draft.jobs()) reconsiderWaiting(draft, job);
    for (const job of draft.jobs()) advanceCall(draft, job);
  }
}

/** A job is due when its needs have ended; one of a called workflow, while its caller's turn lasts. */
function consider(draft: Draft, job: JobInstance): void {
  const call = job.parent === null ? undefined : draft.state.jobs[job.parent];
  if (call?.state.phase === 'finished') {
    const { result, reason } = call.state;
    draft.end(job, endState(result === 'cancelled' ? 'cancelled' : 'skipped', reason, draft.limits.nowMs));
  } else if (!call || call.state.phase === 'calling') {
    if (needsOf(draft.state, job).every((need) => jobResult(draft.state, need) !== null)) decide(draft, job);
  }
}

function decide(draft: Draft, job: JobInstance): void {
  const decision = decideJob(draft.state, job);
  if (decision.kind === 'end') {
    draft.end(job, endState(decision.result, decision.reason, draft.limits.nowMs));
    return;
  }
  const instances = expandJob(draft.state, job, draft.limits);
  draft.replace(job, instances);
  for (const instance of instances) announce(draft, instance);
}

function announce(draft: Draft, instance: JobInstance): void {
  const { state } = instance;
  if (state.phase === 'queued') draft.tell('job.queued', instance, {});
  else if (state.phase === 'finished') {
    draft.tell('job.finished', instance, { result: state.result, reason: state.reason });
  }
}

/** Jobs that wait for rules, for a group or for room may have lost their reason to run. */
function reconsiderWaiting(draft: Draft, job: JobInstance): void {
  if (job.state.phase !== 'blocked' && job.state.phase !== 'queued') return;
  const reason = cancelReason(draft.state, job);
  if (reason !== null) draft.end(job, endState('cancelled', reason, draft.limits.nowMs));
  else if (job.state.phase === 'queued') return;
  else if (job.state.by === 'environment') passRules(draft, job, job.state.name);
  else takeGroup(draft, job, job.state.name);
}

function passRules(draft: Draft, job: JobInstance, environment: string): void {
  const verdict: EnvironmentVerdict = draft.observed.environments[environment] ?? {
    kind: 'wait',
    reason: `asks for the rules of ${environment}`,
  };
  switch (verdict.kind) {
    case 'open':
      return proceed(draft, job, { state: groupGate(job, 0), passed: { environment } });
    case 'refused':
      return draft.end(job, endState('failure', verdict.reason, draft.limits.nowMs));
    case 'wait':
      draft.wakeBy(verdict.untilMs);
      return block(draft, job, { by: 'environment', name: environment, reason: verdict.reason });
    default:
      unreachable(verdict);
  }
}

function takeGroup(draft: Draft, job: JobInstance, name: string): void {
  const index = job.groups.findIndex((group) => group.name === name);
  const group = job.groups[index];
  if (!group) throw new Error(`job ${job.key} waits for ${name}, which is none of its groups`);
  const verdict: GroupVerdict = verdictFor(draft, jobHolder(draft.state.id, job.key), group) ?? {
    kind: 'waits',
    reason: `asks for group ${name}`,
  };
  switch (verdict.kind) {
    case 'holds':
      return proceed(draft, job, { state: groupGate(job, index + 1), passed: { group: name } });
    case 'refused':
      return draft.end(job, endState('cancelled', verdict.reason, draft.limits.nowMs));
    case 'waits':
      return block(draft, job, { by: 'group', name, reason: verdict.reason });
    default:
      unreachable(verdict);
  }
}

function proceed(
  draft: Draft,
  job: JobInstance,
  { state, passed }: { state: JobState; passed: { environment: string } | { group: string } },
): void {
  draft.move(job, state);
  if (state.phase === 'queued') draft.tell('job.queued', job, passed);
}

function block(
  draft: Draft,
  job: JobInstance,
  wait: Omit<Extract<JobState, { phase: 'blocked' }>, 'phase'>,
): void {
  if (job.state.phase === 'blocked' && job.state.reason === wait.reason) return;
  draft.move(job, { phase: 'blocked', ...wait });
  draft.tell('job.blocked', job, { [wait.by]: wait.name, reason: wait.reason });
}

/** A call needs no worker: its jobs take its place as soon as its matrix has room, and end it when they have ended. */
function advanceCall(draft: Draft, job: JobInstance): void {
  if (job.state.phase === 'queued') {
    if (writtenJob(draft.state, job).kind !== 'call' || !matrixHasRoom(draft, job)) return;
    const begun = draft.move(job, { phase: 'calling', startedAtMs: draft.limits.nowMs });
    // A call that is run again has its jobs already, and goes on with them.
    if (instancesIn(draft.state, job.key).length === 0) {
      draft.replace(begun, [begun, ...jobsOfCall(draft.state, begun)]);
    }
    draft.tell('job.started', begun, {});
  } else if (job.state.phase === 'calling') {
    const end = endOfCall(draft.state, job, draft.limits.nowMs);
    if (end) draft.end(job, end);
  }
}

/** Gives queued jobs a worker as far as there is room, in the order of the file. */
export function startQueued(draft: Draft): void {
  let running = draft.jobs().filter(({ state }) => state.phase === 'running').length;
  for (const job of draft.jobs()) {
    if (job.state.phase !== 'queued' || running >= draft.limits.maxParallelJobs) continue;
    if (writtenJob(draft.state, job).kind === 'call' || !matrixHasRoom(draft, job)) continue;
    running++;
    draft.named.add(job.key);
    draft.move(job, { phase: 'running', startedAtMs: draft.limits.nowMs, incarnation: 0, resume: null });
    draft.tell('job.started', job, {});
  }
}

/** Parked jobs hold no process, so they count for `max-parallel` of their matrix but not for the machine. */
function matrixHasRoom(draft: Draft, job: JobInstance): boolean {
  const { maxParallel } = job.strategy;
  if (maxParallel === null) return true;
  const going = instancesOf(draft.state, job.parent, job.jobId).filter(({ state }) =>
    ['running', 'parked', 'calling'].includes(state.phase),
  );
  return going.length < maxParallel;
}
