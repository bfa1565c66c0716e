/**
 * One text for one JSON value: keys sorted by code unit, no white space, numbers and strings as `JSON.stringify` writes
 * them. What JSON cannot hold becomes what `JSON.stringify` makes of it, so a value and its stored copy agree.
 *
 * @throws TypeError for what JSON refuses (a cycle, a bigint).
 * @see RFC 8785 (JSON Canonicalization Scheme), whose number and string rules are ECMAScript's
 */
export function canonicalJson(value: unknown): string {
  return write(JSON.parse(JSON.stringify(value) ?? 'null'));
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(',')}}`;
}
