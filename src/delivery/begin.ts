import { startObserved } from '../flow/index.ts';
import { haveWeb, mustBeAlone, webReplicas } from './copies.ts';
import type { Draft } from './draft.ts';
import type { Gate, Rollout, RolloutRequest, SteppingPhase } from './environment.ts';
import { noChecks, switchAtOnce, type Revision } from './revision.ts';
import { unmetRules } from './rules.ts';
import { outdatedShared } from './shared.ts';
import { compileStrategy, replaceAtOnce } from './strategy.ts';
import { leave } from './succeed.ts';

/** Begins a rollout; the state's next tick acts on it. */
export function beginRollout(draft: Draft, request: RolloutRequest, nowMs: number): void {
  const { state } = draft;
  const { kind, revision } = request;
  const isOutage = !request.repairs && outdatedShared(state, { candidate: revision, kind }).length > 0;
  // What stands by cannot take over as it stands once what it leans on is replaced.
  const standing = !isOutage && state.standby !== null && state.standby.revision.id === revision.id;
  const candidate: Revision =
    standing && state.standby ? state.standby.revision : { ...revision, id: `r${state.nextRevision++}` };
  // A rollback hurries: the revision has served before, so its whole share moves at once, and nobody is asked.
  const back = kind === 'rollback';
  const strategy = back ? switchAtOnce : request.settings.strategy;
  const copies = { candidate: webReplicas(candidate), stable: webReplicas(state.stable) };
  const alone = mustBeAlone(candidate, state.stable) || (isOutage && haveWeb(candidate, state.stable));
  const steps = alone ? replaceAtOnce(strategy, copies) : compileStrategy(strategy, copies);
  // What stands by would hold what only one may.
  if (alone && state.standby && !standing) {
    leave(state, state.standby.revision, nowMs);
    state.standby = null;
  }
  const { digest } = candidate.release;
  const tasks = back
    ? []
    : candidate.tasks.filter(({ name }) => !state.migrated.includes(`${digest} ${name}`));
  const rollout: Rollout = {
    id: request.rolloutId,
    kind,
    candidate,
    standing,
    steps,
    alone,
    settings: { ...request.settings, strategy, checks: back ? noChecks : request.settings.checks },
    requestedBy: request.requestedBy,
    replyTo: request.replyTo,
    repairs: request.repairs ?? false,
    tasks,
    taskIndex: 0,
    paused: null,
    hurried: false,
    underWay: startObserved(nowMs),
    stableBefore: 'unknown',
    compared: null,
    phase: { at: 'preparing', gate: newGate(nowMs) },
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
  state.rollout = rollout;
  if (standing) return beginSteps(draft, rollout, nowMs);
  const waitsFor = back ? [] : unmetRules(request.settings.rules, { approvedBy: null, elapsedMs: 0 }, nowMs);
  if (waitsFor.length === 0) return;
  rollout.phase = { at: 'waiting', timer: startObserved(nowMs), approvedBy: null };
  draft.event('rollout.waiting', 'slipway', { rollout: rollout.id, for: waitsFor });
}

/** Where a rollout stands once its tasks are done. */
export function beginSteps(draft: Draft, rollout: Rollout, nowMs: number): void {
  draft.noteRelease(rollout.candidate);
  rollout.phase = stepAt(rollout, 0, nowMs);
}

/** A step at its beginning. */
export function stepAt({ steps }: Pick<Rollout, 'steps'>, index: number, nowMs: number): SteppingPhase {
  const more = (steps[index]?.taken ?? 0) > (steps[index - 1]?.taken ?? 0);
  return {
    at: 'stepping',
    index,
    stage: more ? 'making-room' : 'starting',
    gate: newGate(nowMs),
    timer: startObserved(nowMs),
    approvedBy: null,
    check: 0,
  };
}

/** Nothing has been seen yet. */
export function newGate(nowMs: number): Gate {
  return { streaks: {}, failures: {}, deadline: startObserved(nowMs), lastFailure: null };
}
