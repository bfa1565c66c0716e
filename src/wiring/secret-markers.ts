import { CodedError } from '../diagnostics/index.ts';

/*
 * A revision holds names in place of secrets: ⟦secret:NAME⟧. Values take their place in the moment a container starts.
 */
const pattern = /\u27e6secret:([^\u27e7]+)\u27e7/g;

/** Stands for a secret wherever a Compose file names its variable. */
export function markerOf(name: string): string {
  return `\u27e6secret:${name}\u27e7`;
}

/** Whether anything in a value stands for a secret. */
export function holdsMarker(value: unknown): boolean {
  return /\u27e6secret:/.test(JSON.stringify(value));
}

/**
 * The same with secrets in place of their markers, however deep.
 *
 * @throws CodedError `wiring/secret-gone` when one has no value any more.
 */
export function reveal<T>(value: T, values: Readonly<Record<string, string>>): T {
  return revealAny(value, values) as T;
}

function revealAny(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return revealText(value, values);
  if (Array.isArray(value)) return value.map((item) => revealAny(item, values));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, revealAny(member, values)]);
  return Object.fromEntries(entries);
}

function revealText(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(pattern, (_, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    throw new CodedError('wiring/secret-gone', `secret "${name}" has no value on this server any more`, {
      help: `set it with: slipway secrets set ${name}`,
    });
  });
}

/** The text with values in place of the markers that have one here; the others stay. */
export function revealKnown(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(pattern, (marker, name: string) => values[name] ?? marker);
}

/** Names of the secrets that a value holds markers of, in order. */
export function markedSecrets(value: unknown): string[] {
  return [...new Set([...JSON.stringify(value).matchAll(pattern)].map(([, name = '']) => name))];
}
