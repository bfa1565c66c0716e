import { MemoryStorage } from '@openfeature/flagd-core';
import type { Path } from './operators.ts';

/** One of what a validator of JSON schemas says; flagd-core hands its list over as the text of an error. */
interface SchemaError {
  instancePath: string;
  keyword: string;
  message: string;
}

/** Says nothing: what is wrong with a document is said to whoever brings it. */
export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Rules are walked through, never compiled: no text of a document becomes code. */
export const interpreted = { disableDynamicCodeGeneration: true };

/** What flagd's own schema has against a document, at its deepest place; null when it takes it. */
export function schemaMistake(text: string): { path: Path; message: string } | null {
  try {
    new MemoryStorage(silent, interpreted).setConfigurations(text, true);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const deepest = deepestOf(errorsIn(message));
    if (!deepest) return { path: [], message: `flagd does not take it: ${message}` };
    const path = deepest.instancePath.split('/').slice(1).map(unescaped);
    return { path, message: `flagd does not take this: it ${deepest.message}` };
  }
}

function errorsIn(message: string): SchemaError[] {
  try {
    return JSON.parse(message.slice(message.indexOf('['))) as SchemaError[];
  } catch {
    return [];
  }
}

/** These say only that none of several forms fits; another error says why the nearest does not. */
const vague = ['additionalProperties', 'anyOf', 'oneOf', 'not', 'type'];

function deepestOf(errors: readonly SchemaError[]): SchemaError | undefined {
  const depth = ({ instancePath }: SchemaError) => instancePath.split('/').length;
  const rank = (error: SchemaError) => depth(error) * 2 + (vague.includes(error.keyword) ? 0 : 1);
  return errors.toSorted((a, b) => rank(b) - rank(a))[0];
}

function unescaped(part: string): string | number {
  const text = part.replaceAll('~1', '/').replaceAll('~0', '~');
  return /^\d+$/.test(text) ? Number(text) : text;
}
