import type { FlagJson } from './model.ts';

/** Equal as JSON; the order of keys says nothing, apart from that of variants and flags, which nothing depends on. */
export function sameJson(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a as FlagJson)) === JSON.stringify(sorted(b as FlagJson));
}

function sorted(value: FlagJson): FlagJson {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]),
  );
}
