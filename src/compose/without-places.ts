/**
 * The same without where anything stands in its file, for what must not change when a line moves: hashes, comparisons.
 * A place is a `Span` under the key `at`; whatever else is called so, such as a build argument, stays.
 */
export function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, member]) => !(key === 'at' && isSpan(member)));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutPlaces(member)]));
}

function isSpan(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'file' in value && 'start' in value;
}
