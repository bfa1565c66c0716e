import { CodedError, unreachable } from '../../diagnostics/index.ts';
import {
  differences,
  noFlags,
  parseFlags,
  rampVariant,
  sameJson,
  setVariant,
  type Flag,
  type FlagChange,
  type FlagDocument,
} from '../../flags/index.ts';
import type { Json } from '../../flow/index.ts';
import type { StoredFlags, Store } from '../../store/index.ts';
import { FindingsError } from '../shipping.ts';

/** An environment of an app. */
export interface FlagPlace {
  app: string;
  environment: string;
}

/** What somebody wants, or to have an old version back: the one before, if none is named. */
export type FlagWish = FlagChange | { kind: 'back'; version: number | null };

/** A step of a ramp: the flag becomes so if it is one of what the ramp has made or found, and else stays. */
interface RampStep {
  kind: 'step';
  flag: string;
  ramp: string;
  to: Flag;
  from: readonly Flag[];
  reason: string;
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
 * @throws CodedError `flags/…`, `wiring/no-such-flags`; FindingsError for a file with mistakes.
 */
export async function changeFlags(
  place: FlagPlace,
  { wish, actor, dryRun }: { wish: FlagWish | RampStep; actor: string; dryRun: boolean },
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
    const why: Record<string, Json> = wish.kind === 'step' ? { ramp: wish.ramp, reason: wish.reason } : {};
    const data = { version: version + 1, how: wish.kind, changes, ...why };
    const added = await store.flags.add(
      { ...place, version: version + 1, body },
      { type: changedEvent, actor, data },
    );
    if (added) return { version: version + 1, changes };
  }
  throw new Error('the flags are changed by others all the time');
}

/** The document of a version; before the first there are no flags. */
export function documentOf(stored: StoredFlags | null): FlagDocument {
  return stored === null ? noFlags : (stored.body as unknown as FlagDocument);
}

async function wanted(
  place: FlagPlace,
  { wish, before, version }: { wish: FlagWish | RampStep; before: FlagDocument; version: number },
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
      return stepped(before, wish);
    case 'apply':
      return requireDocument(wish);
    default:
      return unreachable(wish);
  }
}

function stepped(before: FlagDocument, { flag, to, from }: RampStep): FlagDocument {
  const now = Object.hasOwn(before.flags, flag) ? before.flags[flag] : undefined;
  const isOwn = now !== undefined && from.some((one) => sameJson(one, now));
  return isOwn ? { ...before, flags: { ...before.flags, [flag]: to } } : before;
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
