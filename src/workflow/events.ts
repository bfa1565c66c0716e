import { parse } from 'yaml';

/**
 * Names of the events under `on`, read without judging the rest of the file; null when they cannot be told.
 *
 * For files that this version refuses: one that an event would not start need not stop what the event does start.
 */
export function eventNames(text: string): string[] | null {
  const on = onOf(text);
  if (typeof on === 'string') return [on];
  if (Array.isArray(on)) return on.every((name) => typeof name === 'string') ? on : null;
  return typeof on === 'object' && on !== null ? Object.keys(on) : null;
}

function onOf(text: string): unknown {
  try {
    const file: unknown = parse(text, { maxAliasCount: 100 });
    return typeof file === 'object' && file !== null ? (file as { on?: unknown }).on : undefined;
  } catch {
    return undefined;
  }
}
