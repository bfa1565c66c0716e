import { startObserved, type ObservedTimer } from '../flow/index.ts';
import { isUp, seenAs, sharedCopy } from './copies.ts';
import type { Draft } from './draft.ts';
import type { Cause, EnvironmentState, Replacing, RunningShared } from './environment.ts';
import { here, homeOf, onMachine } from './machines.ts';
import type { Observed } from './observed.ts';
import type { Revision } from './revision.ts';

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
  state.replacing = {
    service,
    by,
    stage: 'stopping',
    next: wanted && state.stable ? { service: wanted, revision: state.stable } : null,
    back: running(state, service),
    undoing: false,
    away: startObserved(nowMs),
    timer: startObserved(nowMs),
  };
  draft.event('shared.replacing', by, { service });
}

/** Moves a replacement on by at most one stage. Called only when the world agrees with the stage. */
export function advanceReplacing(draft: Draft, observed: Observed, nowMs: number): void {
  const { state } = draft;
  const { replacing } = state;
  if (!replacing) return;
  const current = running(state, replacing.service);
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
