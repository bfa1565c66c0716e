import { CodedError, didYouMean } from '../diagnostics/index.ts';
import type { Flag, FlagDocument } from './model.ts';
import { sharesOf, valueText } from './words.ts';

/**
 * Everybody gets one variant: it becomes the default, rules end, and the flag is enabled. `on` and `off` stand for the
 * variants whose values are true and false, where none is called so.
 *
 * @throws CodedError `flags/no-such-flag`, `flags/no-such-variant`
 */
export function setVariant(
  document: FlagDocument,
  { flag: key, variant: wanted }: { flag: string; variant: string },
): FlagDocument {
  const { targeting: _, ...flag } = requireFlag(document, key);
  const defaultVariant = requireVariant(flag, { key, wanted });
  return withFlag(document, key, { ...flag, state: 'ENABLED', defaultVariant });
}

/**
 * So many of a hundred users get a variant, the others what they get now. The same users stay in when the share grows,
 * for who is in depends only on the key of the flag and the user's. Who has no key gets the default.
 *
 * @throws CodedError `flags/no-such-flag`, `flags/no-such-variant`, `flags/bad-percent`, `flags/own-rules`,
 * `flags/which-rest`
 */
export function rampVariant(
  document: FlagDocument,
  { flag: key, variant: wanted, percent }: { flag: string; variant: string; percent: number },
): FlagDocument {
  const flag = requireFlag(document, key);
  const variant = requireVariant(flag, { key, wanted });
  const rest = restOf(flag, { key, variant });
  const hundredths = Math.round(percent * 100);
  if (!(percent >= 0 && percent <= 100) || Math.abs(hundredths - percent * 100) > 1e-6) {
    throw new CodedError('flags/bad-percent', `${percent} is no share of users`, {
      help: 'name a number from 0 to 100 with at most two decimals, such as 10 or 0.5',
    });
  }
  const scale = hundredths % 100 === 0 ? 100 : 1;
  // The variant comes first: with its share, the stretch of users that it covers only grows.
  const targeting = {
    fractional: [
      [variant, hundredths / scale],
      [rest, (10_000 - hundredths) / scale],
    ],
  };
  return withFlag(document, key, { ...flag, state: 'ENABLED', defaultVariant: rest, targeting });
}

/** What those get who are not in the share. */
function restOf(flag: Flag, { key, variant }: { key: string; variant: string }): string {
  const { targeting = {}, defaultVariant } = flag;
  const shares = sharesOf(targeting);
  const hasRules = Object.keys(targeting).length > 0;
  const isOwn = shares?.length === 2 && shares.some((share) => share.variant === variant);
  if (hasRules && !isOwn) {
    throw new CodedError('flags/own-rules', `"${key}" has rules of its own, which a ramp would end`, {
      help: 'write "fractional" into its rules and "slipway flags apply" the file, or "slipway flags set" the flag first',
    });
  }
  const others = Object.keys(flag.variants).filter((name) => name !== variant);
  const [only] = others;
  const kept = shares?.find((share) => share.variant !== variant)?.variant ?? defaultVariant;
  if (typeof kept === 'string' && kept !== variant) return kept;
  if (others.length === 1 && only !== undefined) return only;
  throw new CodedError(
    'flags/which-rest',
    `it is not clear what users get who do not get "${variant}" of "${key}"`,
    {
      notes: [`the other variants: ${others.join(', ') || 'none'}`],
      help: `set that one first: slipway flags set ENVIRONMENT ${key} ${only ?? 'VARIANT'}`,
    },
  );
}

/** Throws `flags/no-such-flag`. */
export function requireFlag({ flags }: FlagDocument, key: string): Flag {
  const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
  if (flag !== undefined) return flag;
  const keys = Object.keys(flags);
  const meant = didYouMean(key, keys);
  throw new CodedError('flags/no-such-flag', `there is no flag "${key}" here`, {
    notes: keys.length === 0 ? ['the environment has none yet'] : [],
    help:
      meant === undefined
        ? 'list them with "slipway flags", or add it to a file and "slipway flags apply" that'
        : `did you mean "${meant}"?`,
  });
}

function requireVariant({ variants }: Flag, { key, wanted }: { key: string; wanted: string }): string {
  if (Object.hasOwn(variants, wanted)) return wanted;
  const meantValue = wanted === 'on' ? true : wanted === 'off' ? false : undefined;
  const matching = Object.keys(variants).filter((name) => variants[name] === meantValue);
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  const names = Object.keys(variants);
  const meant = didYouMean(wanted, names);
  throw new CodedError('flags/no-such-variant', `"${key}" has no variant "${wanted}"`, {
    notes: [`its variants: ${names.map((name) => `${name} (${valueText(variants[name])})`).join(', ')}`],
    help: meant === undefined ? 'name one of these' : `did you mean "${meant}"?`,
  });
}

function withFlag(document: FlagDocument, key: string, flag: Flag): FlagDocument {
  return { ...document, flags: { ...document.flags, [key]: flag } };
}
