import { parse } from 'yaml';
import { isEvent } from './parse-triggers.ts';

/**
 * Names of the events under `on`, read without judging the rest of the file; null when they cannot be told.
 *
 * For files that this version refuses: one that an event would not start need not stop what the event does start.
 */
export function eventNames(text: string): string[] | null {
  const names = namesOf(onOf(text));
  // A name that GitHub does not know is a slip of the pen, and may well mean the event in question.
  return names.length > 0 && names.every((name) => typeof name === 'string' && isEvent(name)) ? names : null;
}

function namesOf(on: unknown): string[] {
  if (typeof on === 'string') return [on];
  if (Array.isArray(on)) return on;
  return typeof on === 'object' && on !== null ? Object.keys(on) : [];
}

function onOf(text: string): unknown {
  try {
    const file: unknown = parse(text, { maxAliasCount: 100 });
    return typeof file === 'object' && file !== null ? (file as { on?: unknown }).on : undefined;
  } catch {
    return undefined;
  }
}
