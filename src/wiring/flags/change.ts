import { CodedError, unreachable } from '../../diagnostics/index.ts';
import {
  differences,
  noFlags,
  parseFlags,
  rampVariant,
  setVariant,
  type Flag,
  type FlagChange,
  type FlagDocument,
} from '../../flags/index.ts';
import type { Json } from '../../flow/index.ts';
import type { FlowTurn, StoredFlags, Store } from '../../store/index.ts';
import { FindingsError } from '../findings-error.ts';
import type { FlagPlace } from './place.ts';

/** What somebody wants, or to have an old version back: the one before, if none is named. */
export type FlagWish = FlagChange | { kind: 'back'; version: number | null };

/** A step of a ramp or of a rollout, planned by what it has seen. */
export interface FlagStep {
  kind: 'step';
  /** As they become, by name. */
  flags: Record<string, Flag>;
  /** Made to this version, or not at all: what was seen may be another's by now. */
  seenVersion: number;
  /** The turn in which it was planned, so that whoever is late changes nothing. */
  turn: FlowTurn;
  /** For the audit. */
  why: ({ ramp: string } | { rollout: string }) & { reason: string };
}

/** What a change has done, or would do. */
export interface FlagsChanged {
  /** That stands now. 0 where there are no flags yet. */
  version: number;
  /** In words; empty when nothing was to be done. */
  changes: string[];
}

/** The type of the event of a change. */
export const changedEvent = 'flags.changed';

/** Two who change at the same moment: each try reads anew. */
const tries = 20;

/**
 * Makes a change: the next version, with its event, or nothing at all. Two changes at once are made one after the other,
 * each to what the other has left.
 *
 * @throws CodedError `flags/…`, `wiring/no-such-flags`, `store/stale-fence`; FindingsError for a file with mistakes.
 */
export async function changeFlags(
  place: FlagPlace,
  { wish, actor, dryRun }: { wish: FlagWish | FlagStep; actor: string; dryRun: boolean },
  store: Pick<Store, 'flags'>,
): Promise<FlagsChanged> {
  for (let left = tries; left > 0; left--) {
    const now = await store.flags.get(place);
    const before = documentOf(now);
    const version = now?.version ?? 0;
    const after = await wanted(place, { wish, before, version }, store);
    const changes = differences(before, after);
    if (changes.length === 0 || dryRun) return { version, changes };
    const body = after as unknown as Json;
    const step = wish.kind === 'step' ? wish : null;
    const data = { version: version + 1, how: wish.kind, changes, ...step?.why };
    const added = await store.flags.add(
      { ...place, version: version + 1, body },
      { type: changedEvent, actor, data },
      step?.turn,
    );
    if (added) return { version: version + 1, changes };
  }
  throw new Error('the flags are changed by others all the time');
}

/** The flag of that name as it stands; null when there is none. */
export function flagIn({ flags }: FlagDocument, name: string): Flag | null {
  return (Object.hasOwn(flags, name) && flags[name]) || null;
}

/** The document of a version; before the first there are no flags. */
export function documentOf(stored: StoredFlags | null): FlagDocument {
  return stored === null ? noFlags : (stored.body as unknown as FlagDocument);
}

async function wanted(
  place: FlagPlace,
  { wish, before, version }: { wish: FlagWish | FlagStep; before: FlagDocument; version: number },
  store: Pick<Store, 'flags'>,
): Promise<FlagDocument> {
  switch (wish.kind) {
    case 'set':
      return setVariant(before, wish);
    case 'ramp':
      return rampVariant(before, wish);
    case 'back':
      return versionOf(place, wish.version ?? version - 1, store);
    case 'step':
      return version === wish.seenVersion ? { ...before, flags: { ...before.flags, ...wish.flags } } : before;
    case 'apply':
      return requireDocument(wish);
    default:
      return unreachable(wish);
  }
}

function requireDocument({ file, text }: { file: string; text: string }): FlagDocument {
  const parsed = parseFlags(text, file);
  if (parsed.ok) return parsed.value;
  throw new FindingsError(parsed.findings, { [file]: text });
}

async function versionOf(
  place: FlagPlace,
  version: number,
  store: Pick<Store, 'flags'>,
): Promise<FlagDocument> {
  // Before the first version there were none.
  if (version === 0) return noFlags;
  const stored = version > 0 ? await store.flags.get(place, version) : null;
  if (stored !== null) return documentOf(stored);
  const { app, environment } = place;
  throw new CodedError(
    'wiring/no-such-flags',
    version < 0
      ? `${app}/${environment} has no flags to go back from`
      : `the flags of ${app}/${environment} have no version ${version}`,
    { help: `list the versions: slipway flags history ${environment}` },
  );
}
