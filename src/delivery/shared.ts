import { startObserved, type ObservedTimer } from '../flow/index.ts';
import { isUp, seenAs, sharedCopy } from './copies.ts';
import type { Draft } from './draft.ts';
import type { Cause, EnvironmentState, Replacing, Rollout, RunningShared } from './environment.ts';
import { here, homeOf, onMachine } from './machines.ts';
import { inFlight, type Observed } from './observed.ts';
import { sameShared, type Revision, type SharedService } from './revision.ts';

/** A service that ended by itself this often while it should come up is not waited for any longer. */
const crashLimit = 3;

/** Takes up the services of a revision that do not run here yet. Those that do stay as they are. */
export function adoptShared(state: EnvironmentState, revision: Revision): void {
  for (const service of revision.shared) {
    if (!state.shared.some((running) => running.service.name === service.name))
      state.shared.push({ service, revision });
  }
}

/** A release does not find a shared service where it runs: only its own machine reaches it. */
export function misplacedShared(state: EnvironmentState, candidate: Revision): Cause | null {
  for (const { name } of candidate.shared) {
    const one = running(state, name);
    const at = one && homeOf(one.revision);
    const without = at === null ? undefined : candidate.machines.find((machine) => machine !== at);
    if (without === undefined) continue;
    const where = at === here ? ' on the server' : onMachine(at ?? here);
    const reason = `the shared service ${name} runs${where}, where ${candidate.id}${onMachine(without)} does not reach it: use a database that all machines reach`;
    return { outcome: 'failed', reason, logTail: [] };
  }
  return null;
}

/** Why a shared service cannot be replaced now, or null. */
export function mayNotReplace(state: EnvironmentState, service: string): string | null {
  const { rollout, queue, replacing, stable, shared } = state;
  if (rollout || queue.length > 0) return 'a rollout is under way';
  if (replacing) return `${replacing.service} is being replaced`;
  const known = [...shared.map((running) => running.service), ...(stable?.shared ?? [])];
  if (known.some(({ name }) => name === service)) return null;
  return `there is no shared service "${service}" here`;
}

/** Begins to replace a shared service by what the stable revision says of it. */
export function beginReplacing(
  draft: Draft,
  { service, by }: { service: string; by: string },
  nowMs: number,
): void {
  const { state } = draft;
  const refused = mayNotReplace(state, service);
  if (refused !== null) return draft.event('shared.refused', by, { service, reason: refused });
  const wanted = state.stable?.shared.find(({ name }) => name === service);
  const next = wanted && state.stable ? { service: wanted, revision: state.stable } : null;
  replace(draft, { service, by, next, back: running(state, service) }, nowMs);
}

type Wish = Pick<Replacing, 'service' | 'by' | 'next' | 'back'>;

function replace(draft: Draft, wish: Wish, nowMs: number): void {
  const [away, timer] = [startObserved(nowMs), startObserved(nowMs)];
  draft.state.replacing = { ...wish, stage: 'stopping', undoing: false, away, timer };
  draft.event('shared.replacing', wish.by, { service: wish.service });
}

/** Shared services that a rollout replaces: its release needs them otherwise, and they may be away meanwhile. */
export function outdatedShared(
  { shared }: Pick<EnvironmentState, 'shared'>,
  { candidate, kind }: { candidate: Pick<Revision, 'shared'>; kind: Rollout['kind'] },
): SharedService[] {
  return candidate.shared.filter((wanted) => {
    const now = shared.find(({ service }) => service.name === wanted.name)?.service;
    // What came with a consent goes back with it.
    const consent = wanted.downtime ?? (kind === 'rollback' ? now?.downtime : undefined);
    return now !== undefined && consent === 'allowed' && !sameShared(now, wanted);
  });
}

/**
 * Replaces, one after the other, what the candidate needs otherwise; users wait from the first look on, and what they
 * have asked for already is answered.
 *
 * @returns Whether nothing is left to replace.
 */
export function replaceOutdated(draft: Draft, rollout: Rollout, observed: Observed, nowMs: number): boolean {
  const { state } = draft;
  if (state.replacing) return false;
  const [next] = rollout.repairs ? [] : outdatedShared(state, rollout);
  if (!next) return true;
  if (!rollout.outage) {
    rollout.outage = { since: startObserved(nowMs), before: [], failure: null };
    return false;
  }
  const { since, before } = rollout.outage;
  const late = since.elapsedMs >= (state.stable?.drainTimeoutMs ?? 0);
  if (state.stable && !late && inFlight(observed, state.stable.id) !== 0) return false;
  const back = running(state, next.name);
  if (back) before.push(back);
  const by = rollout.requestedBy;
  replace(
    draft,
    { service: next.name, by, next: { service: next, revision: rollout.candidate }, back },
    nowMs,
  );
  return false;
}

/** Why the candidate does not get the shared services that it needs, or null: the first that did not come up is as it was. */
export function notReplaced(state: EnvironmentState, { outage, candidate }: Rollout): Cause | null {
  if (state.replacing) return null;
  const failed = outage?.before.find(
    ({ revision, service }) => running(state, service.name)?.revision.id === revision.id,
  );
  if (!failed) return null;
  const reason = `the shared service ${failed.service.name} did not come up as ${candidate.id} needs it: ${outage?.failure ?? 'it has ended'}; it runs as before`;
  return { outcome: 'failed', reason, logTail: [] };
}

/** Puts back, one after the other, what was replaced for a rollout that goes back. @returns Whether nothing is left. */
export function putSharedBack(draft: Draft, { outage, requestedBy: by }: Rollout, nowMs: number): boolean {
  const { state } = draft;
  if (state.replacing) return false;
  const isBack = ({ service, revision }: RunningShared) =>
    running(state, service.name)?.revision.id === revision.id;
  if (outage) outage.before = outage.before.filter((one) => !isBack(one));
  const next = outage?.before.pop();
  if (!next) return true;
  const { name: service } = next.service;
  // Nothing else is tried: what served needs it as it was.
  replace(draft, { service, by, next, back: null }, nowMs);
  return false;
}

/** Moves a replacement on by at most one stage. Called only when the world agrees with the stage. */
export function advanceReplacing(draft: Draft, observed: Observed, nowMs: number): void {
  const { state } = draft;
  const { replacing } = state;
  if (!replacing) return;
  const current = running(state, replacing.service);
  // What is not seen there may still run.
  if (current && observed.silent.includes(homeOf(current.revision))) return;
  if (replacing.stage === 'stopping') {
    if (current && seenAs(observed, sharedCopy(current).id)) return;
    put(state, replacing);
    state.replacing = replacing.next
      ? { ...replacing, stage: 'starting', timer: startObserved(nowMs) }
      : null;
    if (!replacing.next) draft.event('shared.removed', replacing.by, { service: replacing.service });
    return;
  }
  const seen = current ? seenAs(observed, sharedCopy(current).id) : undefined;
  if (isUp(seen) && seen?.probe === 'ready') return applied(draft, replacing);
  const reason = whyNotUp(state, seen, replacing.timer);
  if (reason !== null) failed(draft, replacing, reason, nowMs);
}

function applied(draft: Draft, { service, by, undoing, away }: Replacing): void {
  draft.state.replacing = null;
  draft.event(undoing ? 'shared.restored' : 'shared.applied', by, { service, awayMs: away.elapsedMs });
}

function failed(draft: Draft, replacing: Replacing, reason: string, nowMs: number): void {
  const { service, by, back } = replacing;
  draft.event('shared.failed', by, { service, reason });
  if (draft.state.rollout?.outage) draft.state.rollout.outage.failure = reason;
  draft.state.replacing =
    back && !replacing.undoing
      ? { ...replacing, stage: 'stopping', next: back, undoing: true, timer: startObserved(nowMs) }
      : null;
}

function whyNotUp(
  { stable }: EnvironmentState,
  seen: Observed['instances'][number] | undefined,
  timer: ObservedTimer,
): string | null {
  if (seen && seen.restarts >= crashLimit) return `it ended by itself ${seen.restarts} times`;
  const deadlineMs = stable?.health.deadlineMs ?? 60_000;
  if (timer.elapsedMs < deadlineMs) return null;
  const last = typeof seen?.probe === 'object' ? `: ${seen.probe.failed}` : '';
  return `it was not ready within ${deadlineMs / 1_000} s${last}`;
}

function running({ shared }: EnvironmentState, name: string): RunningShared | null {
  return shared.find(({ service }) => service.name === name) ?? null;
}

function put(state: EnvironmentState, { service, next }: Replacing): void {
  const index = state.shared.findIndex((one) => one.service.name === service);
  if (index < 0) state.shared.push(...(next ? [next] : []));
  else state.shared.splice(index, 1, ...(next ? [next] : []));
}
