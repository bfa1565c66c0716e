import { startObserved } from '../flow/index.ts';
import { takenFromMachine } from './desired.ts';
import type { Draft } from './draft.ts';
import type { EnvironmentState, Rollout } from './environment.ts';
import { runsTheSame, type Revision } from './revision.ts';
import { watchFrom } from './watch-bounds.ts';

/**
 * Releases of which revisions are remembered with all that is needed to go back to them, beside what stands by; and
 * revisions of each, which differ in their configuration.
 */
const rememberedReleases = 5;
const rememberedOfEach = 5;

/** The candidate is the stable revision from here on; what it replaces stands by. */
export function succeed(draft: Draft, rollout: Rollout, nowMs: number): void {
  const { state } = draft;
  const { candidate, settings } = rollout;
  if (state.standby && state.standby.revision.id !== candidate.id)
    leave(state, state.standby.revision, nowMs);
  state.standby = null;
  // Without all its copies it could not take traffic at once: it is remembered instead.
  const whole = takenFromMachine(rollout) === 0;
  if (state.stable && whole && settings.rollbackWindowMs > 0) {
    state.standby = {
      revision: state.stable,
      window: startObserved(nowMs),
      windowMs: settings.rollbackWindowMs,
    };
  } else if (state.stable) {
    leave(state, state.stable, nowMs);
  }
  state.stable = candidate;
  const watch = watchFrom(rollout, nowMs);
  if (watch) state.watch = watch;
  state.rollout = null;
  draft.finish(
    { rolloutId: rollout.id, replyTo: rollout.replyTo },
    { outcome: 'succeeded', reason: `${candidate.id} serves ${state.scope}`, logTail: [] },
    candidate.id,
  );
}

/** A revision drains and ends; what it was is kept, so that it can come back. */
export function leave(state: EnvironmentState, revision: Revision, nowMs: number): void {
  state.retiring.push({ revision, stage: 'draining', drain: startObserved(nowMs) });
  // A repair is what it repaired, and what came back is what it was: one of them is enough to go back to either.
  const others = state.past.filter((one) => one.id !== revision.id && !runsTheSame(one, revision));
  state.past = newestOfEach([revision, ...others]);
}

/** By release, so that many configurations of one do not push the others out. */
function newestOfEach(revisions: Revision[]): Revision[] {
  const byRelease = Map.groupBy(revisions, ({ release }) => release.digest);
  const kept = [...byRelease.values()]
    .slice(0, rememberedReleases)
    .flatMap((ofOne) => ofOne.slice(0, rememberedOfEach));
  return revisions.filter((one) => kept.includes(one));
}
