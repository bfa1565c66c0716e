import {
  explainFlag,
  FlagSnapshot,
  targetingText,
  valueText,
  type Explanation,
  type FlagContext,
} from '../../flags/index.ts';
import { here, machinesOf } from '../../delivery/index.ts';
import type { System } from '../system.ts';
import { environmentState } from '../environments.ts';
import { hasContainers } from '../targets.ts';
import { changedEvent, changeFlags, documentOf, type FlagWish } from './change.ts';
import type { FlagPlace } from './place.ts';
import { flagHost, portOf } from './port.ts';

/** One flag, as a list shows it. */
export interface FlagView {
  key: string;
  enabled: boolean;
  /** Null where the app takes the default of its code. */
  defaultVariant: string | null;
  /** In words; empty without rules. */
  rules: string;
  /** Values as JSON texts, by name. */
  variants: Record<string, string>;
}

/** The flags of an environment. */
export interface FlagsView extends FlagPlace {
  /** 0 before the first change. */
  version: number;
  /** Where apps ask for them: `127.0.0.1:8013`; null before the first change. */
  address: string | null;
  flags: FlagView[];
  /** The document as it stands. */
  document: unknown;
}

/** A change of flags, as it was or would be made. */
export interface FlagsChangeView extends FlagPlace {
  version: number;
  changes: string[];
  address: string | null;
  /** What whoever asked should know. */
  notes: string[];
}

/** A version of the flags of an environment. */
export interface FlagVersionView {
  version: number;
  atMs: number;
  actor: string;
  /** The ramp or rollout that made it, and why: `ro-…: step 2 of 3, at 50 %`; null where a person did. */
  why: string | null;
  changes: string[];
}

/** The flags of an environment as they stand. */
export async function viewFlags(place: FlagPlace, { store }: System): Promise<FlagsView> {
  const stored = await store.flags.get(place);
  const document = documentOf(stored);
  const flags = Object.entries(document.flags).map(([key, flag]) => ({
    key,
    enabled: flag.state === 'ENABLED',
    defaultVariant: flag.defaultVariant ?? null,
    rules: targetingText(flag),
    variants: Object.fromEntries(
      Object.entries(flag.variants).map(([name, value]) => [name, valueText(value)]),
    ),
  }));
  const address = await addressOf(place, store);
  return { ...place, version: stored?.version ?? 0, address, flags, document };
}

/** A change that somebody asks for. */
export interface AskedChange {
  wish: FlagWish;
  actor: string;
  /** Only says what it would do. */
  dryRun: boolean;
}

/** Makes a change, and answers once apps are answered by it. Throws as `changeFlags` does. */
export async function askFlags(
  place: FlagPlace,
  wish: AskedChange,
  { store, flags, docker }: System,
): Promise<FlagsChangeView> {
  const isFirst = (await portOf(scopeOf(place), store)) === null;
  const changed = await changeFlags(place, wish, store);
  if (!wish.dryRun) await flags.refresh();
  const notes = wish.dryRun ? [] : await notesOn(place, { isFirst, store, docker });
  return { ...place, ...changed, address: await addressOf(place, store), notes };
}

/** Newest first. */
export async function flagHistory(
  place: FlagPlace,
  limit: number,
  { store }: System,
): Promise<FlagVersionView[]> {
  const chain = scopeOf(place);
  const events = await store.events.list({ chain, type: changedEvent, first: 'newest', limit });
  return events.map(({ atMs, actor, data }) => {
    const { version, changes, ramp, rollout = ramp, reason } = data as unknown as ChangedData;
    const why = rollout === undefined ? null : `${rollout}: ${reason}`;
    return { version, atMs, actor, why, changes };
  });
}

/** What a user gets of a flag, and why. Throws `flags/no-such-flag`. */
export async function explainFor(
  place: FlagPlace,
  { flag, context }: { flag: string; context: FlagContext },
  { store }: System,
): Promise<Explanation> {
  const stored = await store.flags.get(place);
  return explainFlag(new FlagSnapshot(stored?.version ?? 0, documentOf(stored)), flag, context);
}

/** As `changeFlags` writes it. */
interface ChangedData {
  version: number;
  changes: string[];
  ramp?: string;
  rollout?: string;
  reason?: string;
}

async function notesOn(
  place: FlagPlace,
  { isFirst, store, docker }: { isFirst: boolean } & Pick<System, 'store' | 'docker'>,
): Promise<string[]> {
  const state = await environmentState(scopeOf(place), store);
  if (state === null) return [];
  const isFar = hasContainers(state) && docker.engine.address.kind !== 'unix';
  const far = isFar ? [docker.url] : machinesOf(state).filter((name) => name !== here);
  const unreached = far.map(
    (name) => `copies on ${name} do not reach the flags: they get the app's defaults`,
  );
  const told = 'copies that run already do not know where flags are answered: the next rollout tells them';
  return isFirst ? [...unreached, told] : unreached;
}

async function addressOf(place: FlagPlace, store: System['store']): Promise<string | null> {
  const port = await portOf(scopeOf(place), store);
  return port === null ? null : `${flagHost}:${port}`;
}

function scopeOf({ app, environment }: FlagPlace): string {
  return `${app}/${environment}`;
}
