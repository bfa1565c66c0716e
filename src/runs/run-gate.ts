import { endState } from './decide-job.ts';
import type { Draft } from './draft.ts';
import { jobHolder, verdictKey } from './groups.ts';
import { runGroupOf } from './groups-of.ts';
import type { Group, GroupVerdict } from './model.ts';
import { attempt } from './scope.ts';

/** Lets the run begin once it holds its group, and ends what a newcomer of a group takes the place of. */
export function passRunGate(draft: Draft): boolean {
  const { state } = draft;
  if (state.gate.phase === 'closed') openGate(draft);
  if (draft.state.gate.phase === 'waiting') askGroup(draft, draft.state.gate.group);
  supersede(draft);
  return draft.state.gate.phase === 'open';
}

function openGate(draft: Draft): void {
  const group = attempt(() => runGroupOf(draft.state));
  if (!group.ok) return endAll(draft, 'failure', group.reason);
  if (group.value === null) draft.state.gate = { phase: 'open', group: null };
  else wait(draft, group.value, `asks for group ${group.value.name}`);
}

function askGroup(draft: Draft, group: Group): void {
  const { state } = draft;
  if (state.cancelRequested) return endAll(draft, 'cancelled', `cancelled by ${state.cancelRequested.by}`);
  const verdict = verdictFor(draft, state.id, group);
  if (!verdict) return;
  if (verdict.kind === 'holds') draft.state.gate = { phase: 'open', group };
  else if (verdict.kind === 'refused') endAll(draft, 'cancelled', verdict.reason);
  else if (state.gate.phase === 'waiting' && state.gate.reason !== verdict.reason)
    wait(draft, group, verdict.reason);
}

function wait(draft: Draft, group: Group, reason: string): void {
  draft.state.gate = { phase: 'waiting', group, reason };
  draft.changes++;
  draft.events.push({ type: 'run.blocked', data: { group: group.name, reason } });
}

/** Nothing of the run has begun, so not even `always()` asks for it. */
function endAll(draft: Draft, result: 'failure' | 'cancelled', reason: string): void {
  draft.state.gate = { phase: 'open', group: null };
  for (const job of draft.jobs()) {
    if (job.state.phase !== 'finished') draft.end(job, endState(result, reason, draft.limits.nowMs));
  }
}

function supersede(draft: Draft): void {
  const { state } = draft;
  const by = (holder: string, group: Group | null) => {
    const verdict = group && verdictFor(draft, holder, group);
    return verdict?.kind === 'holds' && verdict.supersededBy !== null
      ? `${verdict.supersededBy}, the next of group ${group?.name ?? ''}`
      : null;
  };
  const newcomer = state.gate.phase === 'open' ? by(state.id, state.gate.group) : null;
  if (newcomer !== null) {
    draft.state.cancelRequested ??= { by: newcomer, atMs: draft.limits.nowMs };
  }
  for (const job of draft.jobs()) {
    if (job.superseded !== null || job.state.phase === 'finished') continue;
    const [jobNewcomer] = job.groups.flatMap((group) => by(jobHolder(state.id, job.key), group) ?? []);
    if (jobNewcomer !== undefined) draft.put({ ...job, superseded: `cancelled by ${jobNewcomer}` });
  }
}

/** What the ledger says of a holder, if it has been asked. */
export function verdictFor(draft: Draft, holder: string, group: Group): GroupVerdict | undefined {
  return draft.observed.groups[verdictKey(holder, group)];
}
