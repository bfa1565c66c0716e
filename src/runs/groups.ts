import { unreachable } from '../diagnostics/index.ts';
import type { Group, GroupVerdict, JobInstance, RunState } from './model.ts';

/*
 *   newcomer ──► waits ──► holds ──► gone (its run says so no more, or has ended)
 *                  │
 *                  └──► refused (a newer one took its place, the line is full, it would wait for itself)
 *
 * The ledger is shared by all runs of an app. A run only ever says what it wants as a whole; whoever says it twice, or
 * dies in between, changes nothing. Two servers that say it at once are told apart by the ledger's compare-and-set, and a
 * late one by its fence.
 */

/** Who holds and who waits, by the group's name in lower case, in the order of arrival. Plain JSON. */
export type GroupLedger = Record<string, GroupEntry[]>;

/** One holder, or one that waits. */
export interface GroupEntry {
  /** Id of the run that says so. */
  run: string;
  /** The run's id, or that with a job's key behind it. Whoever holds as the longer of two names belongs to the shorter. */
  holder: string;
  /** For people: `run 41`, `job "deploy" of run 41`. */
  label: string;
  /** Of the claim that it came with. */
  fence: number;
  holds: boolean;
  /** Label of a newcomer that asked for the end of what is in progress. */
  supersededBy: string | null;
  /** Why it will never hold. */
  refused: string | null;
}

/** That a run, or a job of it, wants a group or holds it. */
export interface GroupWish {
  holder: string;
  label: string;
  group: Group;
}

/** One run's word to the ledger. */
export interface GroupClaim {
  run: string;
  /** Of the flow's claim; a word with an older one than the ledger has seen of this run changes nothing. */
  fence: number;
  wishes: GroupWish[];
  /** Other runs in the ledger that have ended, or are unknown. */
  gone: string[];
}

/** GitHub's limit for `queue: max`. */
const longestLine = 100;

/** Everything that a run holds or waits for, by its state as committed. */
export function groupWishes(state: RunState): GroupWish[] {
  if (state.finished) return [];
  const run = `run ${state.number}`;
  const { gate } = state;
  const own = gate.phase === 'closed' || gate.group === null ? [] : [wish(state.id, run, gate.group)];
  const ofJobs = Object.values(state.jobs).flatMap((job) =>
    wantedBy(job).map((group) =>
      wish(jobHolder(state.id, job.key), `job "${job.displayName}" of ${run}`, group),
    ),
  );
  return [...own, ...ofJobs];
}

function wish(holder: string, label: string, group: Group): GroupWish {
  return { holder, label, group };
}

/** The name under which a job holds groups. */
export function jobHolder(runId: string, jobKey: string): string {
  return `${runId}/${jobKey}`;
}

/** The groups that a job holds, and the one that it waits for. */
function wantedBy({ state, groups }: JobInstance): Group[] {
  switch (state.phase) {
    case 'pending':
    case 'finished':
      return [];
    case 'blocked':
      if (state.by === 'environment') return [];
      return groups.slice(0, groups.findIndex(({ name }) => name === state.name) + 1);
    case 'queued':
    case 'running':
    case 'parked':
    case 'calling':
      return groups;
    default:
      return unreachable(state);
  }
}

/** Key of one holder's verdict for one group. */
export function verdictKey(holder: string, group: Pick<Group, 'name'>): string {
  return `${holder} ${lineOf(group)}`;
}

const lineOf = ({ name }: Pick<Group, 'name'>) => name.toLowerCase();

/**
 * Takes a run's word into the ledger: at most one holder a group, and one or all that wait, first come first served.
 *
 * @returns A new ledger to be written by compare-and-set, and how each wish stands in it; the verdicts count once it is.
 */
export function claimGroups(
  ledger: GroupLedger,
  claim: GroupClaim,
): { ledger: GroupLedger; verdicts: Record<string, GroupVerdict> } {
  const entries = Object.values(ledger).flat();
  const late = entries.some(({ run, fence }) => run === claim.run && fence > claim.fence);
  const next = late ? ledger : taken(ledger, claim);
  const verdicts = claim.wishes.map((each): [string, GroupVerdict] => {
    const entry = next[lineOf(each.group)]?.find(({ holder }) => holder === each.holder);
    return [verdictKey(each.holder, each.group), verdictOf(entry, each, next)];
  });
  return { ledger: next, verdicts: Object.fromEntries(verdicts) };
}

function taken(ledger: GroupLedger, claim: GroupClaim): GroupLedger {
  const next: GroupLedger = {};
  for (const [name, line] of Object.entries(ledger)) next[name] = granted(kept(name, line, claim));
  for (const each of claim.wishes) {
    const name = lineOf(each.group);
    const line = next[name] ?? [];
    if (!line.some(({ holder }) => holder === each.holder)) next[name] = granted(joined(line, each, claim));
  }
  for (const each of claim.wishes) refuseDeadlock(next, each);
  return Object.fromEntries(Object.entries(next).filter(([, line]) => line.length > 0));
}

function kept(name: string, line: GroupEntry[], { run, wishes, gone }: GroupClaim): GroupEntry[] {
  return line.flatMap((entry) => {
    if (gone.includes(entry.run)) return [];
    if (entry.run !== run) return [entry];
    const still = wishes.some(({ holder, group }) => holder === entry.holder && lineOf(group) === name);
    return still ? [entry] : [];
  });
}

function joined(line: GroupEntry[], { holder, label, group }: GroupWish, claim: GroupClaim): GroupEntry[] {
  const waiting = (entry: GroupEntry) => !entry.holds && entry.refused === null;
  const full = line.filter(waiting).length >= longestLine;
  const others = line.map((entry): GroupEntry => {
    if (entry.holds && group.cancelInProgress) {
      return { ...entry, supersededBy: entry.supersededBy ?? label };
    }
    if (!waiting(entry) || group.queue === 'max') return entry;
    return { ...entry, refused: `${label} took its place in the line for group ${group.name}` };
  });
  const refused =
    full && group.queue === 'max' ? `${longestLine} wait for group ${group.name} already` : null;
  const { run, fence } = claim;
  return [...others, { run, holder, label, fence, holds: false, supersededBy: null, refused }];
}

function granted(line: GroupEntry[]): GroupEntry[] {
  const next = line.some(({ holds }) => holds) ? undefined : line.find(({ refused }) => refused === null);
  return line.map((entry) => (entry === next ? { ...entry, holds: true } : entry));
}

/** Nobody waits for itself: not for its own caller, nor for one that waits, over any number of groups, for it. */
function refuseDeadlock(ledger: GroupLedger, { holder, group }: GroupWish): void {
  const name = lineOf(group);
  const entry = ledger[name]?.find((each) => each.holder === holder);
  if (!entry || entry.holds || entry.refused !== null) return;
  if (!blockers(ledger, name, new Set()).some((other) => belongsTo(holder, other))) return;
  const refused = `a deadlock: what holds group ${group.name} waits for this to end`;
  ledger[name] = (ledger[name] ?? []).map((each) => (each === entry ? { ...each, refused } : each));
}

/** The holders that must end before this group is free. */
function blockers(ledger: GroupLedger, name: string, seen: Set<string>): string[] {
  const held = ledger[name]?.find(({ holds }) => holds);
  if (!held || seen.has(name)) return [];
  seen.add(name);
  const awaited = Object.entries(ledger).filter(([, line]) =>
    line.some(({ holds, refused, holder }) => !holds && refused === null && belongsTo(holder, held.holder)),
  );
  return [held.holder, ...awaited.flatMap(([other]) => blockers(ledger, other, seen))];
}

function belongsTo(holder: string, outer: string): boolean {
  return holder === outer || holder.startsWith(`${outer}/`);
}

function verdictOf(entry: GroupEntry | undefined, { group }: GroupWish, ledger: GroupLedger): GroupVerdict {
  if (entry?.holds) return { kind: 'holds', supersededBy: entry.supersededBy };
  if (entry && entry.refused !== null) return { kind: 'refused', reason: entry.refused };
  const held = ledger[lineOf(group)]?.find(({ holds }) => holds);
  return { kind: 'waits', reason: `waits for ${held?.label ?? 'its turn'} of group ${group.name}` };
}
