import type { Signal } from '../flow/index.ts';
import { startObserved } from '../flow/index.ts';
import type { Cause, EnvironmentState, Rollout, RolloutRequest } from './environment.ts';
import type { Draft } from './draft.ts';
import { compileStrategy } from './strategy.ts';
import { webProcess } from './desired.ts';
import { switchAtOnce, type Revision } from './revision.ts';

/** Takes what people and runs have asked for into the state; moves nothing yet. */
export function takeSignals(draft: Draft, signals: readonly Signal[], nowMs: number): void {
  for (const { name, payload } of signals) {
    if (name === 'rollout') enqueue(draft, payload as unknown as RolloutRequest);
    if (name === 'abort')
      abort(draft, payload as unknown as { rolloutId: string | null; by: string; reason?: string }, nowMs);
  }
}

/** Begins the next requested rollout when none is under way. */
export function startNext(draft: Draft, nowMs: number): void {
  const { state } = draft;
  if (state.rollout || state.queue.length === 0) return;
  const [request, ...rest] = state.queue as [RolloutRequest, ...RolloutRequest[]];
  state.queue = rest;
  if (runsAlready(state, request)) {
    draft.finish(
      request,
      { outcome: 'succeeded', reason: 'this release already runs here', logTail: [] },
      state.stable?.id ?? null,
    );
    return;
  }
  state.rollout = begin(draft, request, nowMs);
}

/** The way back: traffic first, then the copies. */
export function revert(rollout: Rollout, cause: Cause, nowMs: number): void {
  rollout.phase = { at: 'reverting', stage: 'routing', timer: startObserved(nowMs), cause };
}

function enqueue(draft: Draft, request: RolloutRequest): void {
  const { state } = draft;
  if (
    state.rollout?.id === request.rolloutId ||
    state.queue.some(({ rolloutId }) => rolloutId === request.rolloutId)
  )
    return;
  draft.event('rollout.requested', request.requestedBy, {
    rollout: request.rolloutId,
    kind: request.kind,
    release: request.revision.release.digest,
    commit: request.revision.release.commit,
    title: request.revision.release.title,
  });
  for (const older of state.queue) {
    draft.finish(
      older,
      { outcome: 'superseded', reason: `${request.rolloutId} was asked for after it`, logTail: [] },
      null,
    );
  }
  state.queue = [request];
}

function abort(
  draft: Draft,
  { rolloutId, by, reason }: { rolloutId: string | null; by: string; reason?: string },
  nowMs: number,
): void {
  const { state } = draft;
  const cause: Cause = { outcome: 'aborted', reason: reason ?? `aborted by ${by}`, logTail: [] };
  const queued = state.queue.filter((request) => rolloutId === null || request.rolloutId === rolloutId);
  state.queue = state.queue.filter((request) => !queued.includes(request));
  for (const request of queued) draft.finish(request, cause, null);
  const { rollout } = state;
  if (!rollout || (rolloutId !== null && rollout.id !== rolloutId) || rollout.phase.at === 'reverting')
    return;
  draft.event('rollout.aborting', by, { rollout: rollout.id });
  revert(rollout, cause, nowMs);
}

function runsAlready({ stable }: EnvironmentState, { revision }: RolloutRequest): boolean {
  if (!stable) return false;
  const sameRelease = stable.release.digest === revision.release.digest;
  return sameRelease && stable.configuration.fingerprint === revision.configuration.fingerprint;
}

function begin(draft: Draft, request: RolloutRequest, nowMs: number): Rollout {
  const { state } = draft;
  const standing = state.standby !== null && state.standby.revision.id === request.revision.id;
  const candidate: Revision =
    standing && state.standby
      ? state.standby.revision
      : { ...request.revision, id: `r${state.nextRevision++}` };
  const replicas = webProcess(candidate)?.replicas ?? 0;
  // A rollback hurries: the revision has served before, so its whole share moves at once.
  const strategy = request.kind === 'rollback' ? switchAtOnce : request.settings.strategy;
  const sharesTraffic = state.stable !== null && webProcess(state.stable) !== undefined;
  const steps = compileStrategy(strategy, replicas, sharesTraffic);
  const rollout: Rollout = {
    id: request.rolloutId,
    kind: request.kind,
    candidate,
    standing,
    steps,
    settings: request.settings,
    requestedBy: request.requestedBy,
    replyTo: request.replyTo,
    phase: { at: 'migrating' },
  };
  draft.event('rollout.started', request.requestedBy, {
    rollout: rollout.id,
    kind: rollout.kind,
    revision: candidate.id,
    from: state.stable?.id ?? null,
    release: candidate.release.digest,
    commit: candidate.release.commit,
    title: candidate.release.title,
    steps: steps.map(({ weightPercent }) => weightPercent),
  });
  const migrates = candidate.tasks.length > 0 && !state.migrated.includes(candidate.release.digest);
  if (rollout.kind === 'rollback' || !migrates) rollout.phase = firstStep(rollout, nowMs);
  return rollout;
}

/** Where a rollout stands once its release command is done. */
export function firstStep({ steps }: Rollout, nowMs: number): Rollout['phase'] {
  if (steps.length === 0) return { at: 'draining', timer: startObserved(nowMs) };
  return {
    at: 'stepping',
    index: 0,
    shifting: false,
    gate: { streaks: {}, deadline: startObserved(nowMs), lastFailure: null },
  };
}
