import { CodedError } from '../diagnostics/index.ts';

/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What an expression can yield. Never a bare JavaScript object, so that no inherited property leaks in. */
export type Value = null | boolean | number | string | Value[] | ObjectValue;

/** How deep arrays and objects may nest; deeper input is refused instead of exhausting the stack. */
export const deepestNesting = 200;

interface ObjectOptions {
  /** Whether `A` and `a` are two keys. GitHub's objects ignore case; only `env` on Linux does not. */
  caseSensitive?: boolean;
}

/**
 * An object of the expression language: keys in the order first written, looked up without regard to case unless
 * made case-sensitive. Immutable; a key given twice keeps its first spelling and its last value.
 */
export class ObjectValue {
  readonly caseSensitive: boolean;
  readonly #members = new Map<string, { key: string; value: Value }>();

  constructor(entries: Iterable<readonly [string, Value]> = [], options: ObjectOptions = {}) {
    this.caseSensitive = options.caseSensitive ?? false;
    for (const [key, value] of entries) {
      const folded = this.#fold(key);
      this.#members.set(folded, { key: this.#members.get(folded)?.key ?? key, value });
    }
  }

  get size(): number {
    return this.#members.size;
  }

  has(key: string): boolean {
    return this.#members.has(this.#fold(key));
  }

  get(key: string): Value | undefined {
    return this.#members.get(this.#fold(key))?.value;
  }

  keys(): string[] {
    return [...this.#members.values()].map((member) => member.key);
  }

  values(): Value[] {
    return [...this.#members.values()].map((member) => member.value);
  }

  entries(): [string, Value][] {
    return [...this.#members.values()].map((member) => [member.key, member.value]);
  }

  #fold(key: string): string {
    return this.caseSensitive ? key : foldCase(key);
  }
}

/** `ı` and `ſ` would become ASCII letters; .NET leaves them alone, so that no lookup can be tricked with them. */
const neverFolded = /[ıſ]/;

/** Upper case, one code unit at a time, as .NET's ordinal comparison has it: `ß` stays `ß`. */
export function foldCase(text: string): string {
  const upper = text.toUpperCase();
  if (upper.length === text.length && !neverFolded.test(text)) return upper;
  return Array.from({ length: text.length }, (_, index) => foldUnit(text.charAt(index))).join('');
}

function foldUnit(unit: string): string {
  const upper = unit.toUpperCase();
  return upper.length === 1 && !neverFolded.test(unit) ? upper : unit;
}

/**
 * Turns JSON into a value. `undefined` members, which JSON cannot hold, are left out.
 *
 * @throws CodedError `expressions/too-deep` beyond 200 levels, `expressions/not-json` for functions and the like.
 */
export function fromJson(json: unknown, options: ObjectOptions = {}): Value {
  return convert(json, options, 0);
}

function convert(json: unknown, options: ObjectOptions, depth: number): Value {
  if (depth > deepestNesting) {
    throw new CodedError('expressions/too-deep', `a value nests deeper than ${deepestNesting} levels`);
  }
  if (json === null || json === undefined) return null;
  if (typeof json === 'boolean' || typeof json === 'number' || typeof json === 'string') return json;
  if (Array.isArray(json)) return json.map((item) => convert(item, options, depth + 1));
  if (json instanceof ObjectValue) return json;
  if (typeof json !== 'object') {
    throw new CodedError('expressions/not-json', `a ${typeof json} cannot be a value of an expression`);
  }
  const entries = Object.entries(json)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, convert(value, options, depth + 1)] as const);
  return new ObjectValue(entries, options);
}

/** The same value with all keys looked up without regard to case; of keys that differ in case alone the last counts. */
export function ignoringCase(value: Value): Value {
  if (Array.isArray(value)) return value.map(ignoringCase);
  if (!(value instanceof ObjectValue)) return value;
  return new ObjectValue(value.entries().map(([key, member]) => [key, ignoringCase(member)]));
}

/** Turns a value into plain JSON. NaN and the infinities, which JSON lacks, become null when it is written out. */
export function toJson(value: Value): Json {
  if (Array.isArray(value)) return Array.from(value, toJson);
  if (value instanceof ObjectValue) {
    return Object.fromEntries(value.entries().map(([key, member]) => [key, toJson(member)]));
  }
  return value;
}
