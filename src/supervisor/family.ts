import { listProcesses, readProcess, readVariable, type Identity, type ProcessEntry } from './proc.ts';
import { shortHash } from './paths.ts';
import type { ProcessSpec } from './protocol.ts';

/*
 * Who belongs to a process of ours: its session (it leads one of its own), and whoever inherited its mark.
 * The mark finds children between being started and being recorded, and grandchildren that left the session.
 */

const variable = 'SLIPWAY_PROCESS';

/** A running process that carries a mark of this home. */
export interface MarkedProcess extends ProcessEntry {
  id: string;
  specHash: string;
}

/** Variables that mark a child as ours. */
export function markOf(spec: ProcessSpec, homeHash: string): Record<string, string> {
  return { [variable]: `${spec.id}@${homeHash}@${specHash(spec)}` };
}

/** Equal for equal specs, whatever the order of their variables. */
export function specHash(spec: ProcessSpec): string {
  const { env, ...rest } = spec;
  const ordered = Object.entries(rest).sort(byName);
  return shortHash(JSON.stringify([ordered, Object.entries(env).sort(byName)]));
}

/** All running processes that carry a mark of this home. */
export function findMarked(homeHash: string): MarkedProcess[] {
  return listProcesses().flatMap((entry) => {
    const match = /^(.*)@([0-9a-f]+)@([0-9a-f]+)$/s.exec(readVariable(entry.pid, variable) ?? '');
    if (!match || match[2] !== homeHash) return [];
    return [{ ...entry, id: match[1] ?? '', specHash: match[3] ?? '' }];
  });
}

/** Whether a process carries the mark of this id. */
export function isMarked(pid: number, id: string, homeHash: string): boolean {
  return readVariable(pid, variable)?.startsWith(`${id}@${homeHash}@`) ?? false;
}

interface FamilyQuery {
  id: string;
  homeHash: string;
  identity: Identity | null;
  /** Whether the leader was seen alive by this supervisor, so that its session cannot be somebody else's by now. */
  sessionIsOurs: boolean;
}

/** Everything of the family that still runs. Reads the environment of every process: not for tight loops. */
export function findFamily(query: FamilyQuery): ProcessEntry[] {
  const { id, homeHash, identity } = query;
  const all = listProcesses().filter((entry) => entry.pid !== process.pid);
  const marked = new Set(all.filter((entry) => isMarked(entry.pid, id, homeHash)));
  const session = identity === null ? [] : all.filter((entry) => entry.session === identity.session);
  const ours = query.sessionIsOurs || session.some((entry) => marked.has(entry));
  return ours ? [...new Set([...session, ...marked])] : [...marked];
}

/**
 * A running process with its kin, as anybody may see them: its session first, then whoever carries the same mark.
 * Empty when it does not run.
 */
export function* kinOf(pid: number): Generator<ProcessEntry> {
  const leader = readProcess(pid);
  if (!leader) return;
  yield leader;
  const others = listProcesses().filter((entry) => entry.pid !== pid);
  yield* others.filter((entry) => entry.session === leader.session);
  const mark = readVariable(pid, variable);
  if (mark === null) return;
  const elsewhere = others.filter((entry) => entry.session !== leader.session);
  for (const entry of elsewhere) if (readVariable(entry.pid, variable) === mark) yield entry;
}

/** Whether any of a family seen before still runs: the cheap question while waiting. */
export function anyAlive(family: readonly ProcessEntry[]): boolean {
  return family.some((entry) => readProcess(entry.pid)?.startTicks === entry.startTicks);
}

/** The one that leads: of several, the oldest that leads a session of its own. */
export function leaderOf(marked: readonly MarkedProcess[]): MarkedProcess | null {
  const leaders = marked.filter((entry) => entry.pid === entry.session);
  return leaders.sort((a, b) => a.startTicks - b.startTicks)[0] ?? null;
}

function byName(a: [string, unknown], b: [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
