import type { Signal } from '../flow/index.ts';
import { startObserved } from '../flow/index.ts';
import { beginRollout, newGate } from './begin.ts';
import { checkCommand } from './checks.ts';
import { webReplicas } from './copies.ts';
import { takenFromMachine } from './desired.ts';
import type { Cause, EnvironmentState, Rollout, RolloutRequest } from './environment.ts';
import type { Draft } from './draft.ts';
import { takeDecision, type Word } from './decisions.ts';
import { crossedMigration } from './migrations.ts';
import { noChecks, noRules, runsTheSame, switchAtOnce } from './revision.ts';
import { candidateWeight, routedCopies } from './routes.ts';
import { beginReplacing } from './shared.ts';
import { upgradeRequest } from './upgrade.ts';
import { noteVerdict } from './verdicts.ts';

/** How long what is watched after a repair. */
const repairBakeMs = 10_000;

/** Takes what people and runs have asked for into the state; moves nothing yet. */
export function takeSignals(draft: Draft, signals: readonly Signal[], nowMs: number): void {
  for (const { name, payload } of signals) {
    // Without a word it only asks for a look.
    if (payload === null) continue;
    const word = payload as unknown as Word;
    if (name === 'rollout') enqueue(draft, upgradeRequest(payload));
    else if (name === 'abort') abort(draft, word, nowMs);
    else if (name === 'repair') repair(draft, word);
    else if (name === 'apply-shared')
      beginReplacing(draft, payload as unknown as { service: string; by: string }, nowMs);
    else if (name === 'reject') {
      const cause = takeDecision(draft, name, word, nowMs);
      if (cause && draft.state.rollout) revert(draft, cause, nowMs);
    } else takeDecision(draft, name, word, nowMs);
  }
}

/** Begins the next requested rollout when none is under way. */
export function startNext(draft: Draft, nowMs: number): void {
  const { state } = draft;
  if (state.rollout || state.replacing || state.queue.length === 0) return;
  const [request, ...rest] = state.queue as [RolloutRequest, ...RolloutRequest[]];
  state.queue = rest;
  const stable = state.stable?.id ?? null;
  const crossed =
    request.kind === 'rollback' && !request.force
      ? crossedMigration(state, request.revision.release.digest)
      : null;
  if (crossed !== null) draft.finish(request, { outcome: 'failed', reason: crossed, logTail: [] }, stable);
  else if (runsAlready(state, request)) {
    const reason = 'this release already runs here';
    draft.finish(request, { outcome: 'succeeded', reason, logTail: [] }, stable);
  } else beginRollout(draft, request, nowMs);
}

/** The way back: old copies that are missing, then traffic, then the candidate's copies. */
export function revert(draft: Draft, cause: Cause, nowMs: number): void {
  const { state } = draft;
  const { rollout } = state;
  if (!rollout) return;
  const from = {
    // Where no two may run, users wait from here on until what was there is back.
    weightPercent: rollout.alone ? 0 : candidateWeight(rollout),
    routed: Math.min(routedCopies(rollout), webReplicas(rollout.candidate)),
    taken: takenOf(rollout, webReplicas(state.stable)),
    check: checkCommand(state),
    started: !['waiting', 'preparing', 'migrating', 'checking-stable'].includes(rollout.phase.at),
  };
  const { verdict, ...why } = cause;
  if (verdict) noteVerdict(draft, rollout, verdict);
  draft.event('rollout.reverting', 'slipway', {
    rollout: rollout.id,
    weightPercent: candidateWeight(rollout),
    reason: cause.reason,
  });
  const stage = from.taken > 0 || rollout.outage ? 'restoring' : 'routing';
  rollout.paused = null;
  rollout.phase = {
    at: 'reverting',
    stage,
    timer: startObserved(nowMs),
    cause: why,
    from,
    gate: newGate(nowMs),
  };
}

/** Old copies that have no traffic: also those that are about to end. */
function takenOf(rollout: Rollout, replicas: number): number {
  const { phase, steps } = rollout;
  const taken = phase.at === 'stepping' ? (steps[phase.index]?.taken ?? 0) : takenFromMachine(rollout);
  return Math.min(taken, replicas);
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
  const newer = newerShip(state, request);
  if (newer) {
    const reason = `${newer.rolloutId}, of a newer ship, was asked for before it`;
    draft.finish(request, { outcome: 'superseded', reason, logTail: [] }, null);
    return;
  }
  for (const older of state.queue) {
    draft.finish(
      older,
      { outcome: 'superseded', reason: `${request.rolloutId} was asked for after it`, logTail: [] },
      null,
    );
  }
  state.queue = [request];
  if (request.shipNumber !== null)
    state.newestShip = { number: request.shipNumber, rolloutId: request.rolloutId };
}

/** A ship whose pipeline took longer than that of the next one must not bring the older commit back. */
function newerShip({ newestShip }: EnvironmentState, { shipNumber }: RolloutRequest): typeof newestShip {
  return newestShip && shipNumber !== null && shipNumber < newestShip.number ? newestShip : null;
}

function abort(draft: Draft, { rolloutId, by, reason }: Word, nowMs: number): void {
  const { state } = draft;
  const cause: Cause = { outcome: 'aborted', reason: reason ?? `aborted by ${by}`, logTail: [] };
  const queued = state.queue.filter((request) => rolloutId === null || request.rolloutId === rolloutId);
  state.queue = state.queue.filter((request) => !queued.includes(request));
  for (const request of queued) draft.finish(request, cause, null);
  const { rollout } = state;
  if (!rollout || (rolloutId !== null && rollout.id !== rolloutId)) return;
  if (rollout.phase.at === 'reverting') {
    rollout.phase.aborted = true;
    return;
  }
  draft.event('rollout.aborting', by, { rollout: rollout.id });
  revert(draft, cause, nowMs);
}

/**
 * Starts what serves anew, beside itself: nobody notices, and whatever was changed by hand is gone. What all revisions
 * share is put right in place.
 */
function repair(draft: Draft, { rolloutId, by }: Word): void {
  const { stable, rollout, queue } = draft.state;
  if (!stable || rollout || queue.length > 0 || rolloutId === null) return;
  const { id: _, ...revision } = stable;
  enqueue(draft, {
    rolloutId,
    kind: 'deploy',
    revision,
    settings: {
      strategy: switchAtOnce,
      bakeMs: repairBakeMs,
      rollbackWindowMs: 0,
      rules: noRules,
      checks: noChecks,
      judge: null,
    },
    requestedBy: by,
    replyTo: null,
    shipNumber: null,
    force: true,
    repairs: true,
  });
}

function runsAlready({ stable }: EnvironmentState, { revision, force }: RolloutRequest): boolean {
  return stable !== null && !force && runsTheSame(stable, revision);
}
