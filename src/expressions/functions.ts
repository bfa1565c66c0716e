import { CodedError } from '../diagnostics/index.ts';
import { coerceToString, isPrimitive, looseEquals } from './coerce.ts';
import { readJson } from './json.ts';
import { foldCase, ObjectValue, type Value } from './value.ts';

/** No text that an expression builds may be longer, in UTF-16 units; nested formats would otherwise fill the memory. */
const longestText = 10 * 1024 * 1024;

/** Refuses text that has grown past the limit. */
export function limited(text: string): string {
  if (text.length <= longestText) return text;
  throw new CodedError(
    'expressions/too-large',
    `an expression built text longer than ${longestText} characters`,
  );
}

/** `contains`: part of a text, or member of a list; case is ignored. */
export function contains(search: Value, item: () => Value): boolean {
  if (Array.isArray(search)) {
    if (search.length === 0) return false;
    const wanted = item();
    return search.some((member) => looseEquals(member, wanted));
  }
  return onTexts(search, item, (text, part) => text.includes(part));
}

/** `startsWith`, ignoring case; false where either side is a list or an object. */
export function startsWith(search: Value, item: () => Value): boolean {
  return onTexts(search, item, (text, part) => text.startsWith(part));
}

/** `endsWith`, ignoring case; false where either side is a list or an object. */
export function endsWith(search: Value, item: () => Value): boolean {
  return onTexts(search, item, (text, part) => text.endsWith(part));
}

function onTexts(left: Value, item: () => Value, test: (text: string, part: string) => boolean): boolean {
  if (!isPrimitive(left)) return false;
  const right = item();
  if (!isPrimitive(right)) return false;
  return test(foldCase(coerceToString(left)), foldCase(coerceToString(right)));
}

/**
 * `format('{0} of {1}', a, b)`; `{{` and `}}` stand for braces.
 *
 * @throws CodedError `expressions/bad-format` when the pattern is malformed or names an argument that is not there.
 */
export function format(pattern: string, count: number, argAt: (index: number) => Value): string {
  const args = new Args(count, argAt);
  let text = '';
  let from = 0;
  while (from < pattern.length) {
    const piece = formatPiece(pattern, from, args);
    text = limited(text + piece.text);
    from += piece.length;
  }
  return text;
}

/** Texts of a format's arguments, each evaluated at its first use. */
class Args {
  readonly count: number;
  readonly #argAt: (index: number) => Value;
  readonly #texts = new Map<number, string>();

  constructor(count: number, argAt: (index: number) => Value) {
    this.count = count;
    this.#argAt = argAt;
  }

  textAt(index: number): string {
    const text = this.#texts.get(index) ?? coerceToString(this.#argAt(index));
    this.#texts.set(index, text);
    return text;
  }
}

const plainText = /[^{}]+/y;
const placeholder = /\{(\d+)\}/y;

function formatPiece(pattern: string, from: number, args: Args): { text: string; length: number } {
  plainText.lastIndex = from;
  const plain = plainText.exec(pattern);
  if (plain) return { text: plain[0], length: plain[0].length };
  if (pattern.startsWith('{{', from) || pattern.startsWith('}}', from)) {
    return { text: pattern.charAt(from), length: 2 };
  }
  placeholder.lastIndex = from;
  const hole = placeholder.exec(pattern);
  if (!hole) {
    throw new CodedError('expressions/bad-format', `the format '${shorten(pattern)}' has a lone brace`, {
      help: 'write {0} for the first argument, {{ and }} for braces',
    });
  }
  const index = Number(hole[1]);
  if (index >= args.count) {
    throw new CodedError(
      'expressions/bad-format',
      `the format '${shorten(pattern)}' asks for argument ${hole[0]}, but has ${args.count}`,
      { help: 'arguments count from {0}' },
    );
  }
  return { text: args.textAt(index), length: hole[0].length };
}

/** `join(list, separator)`; a single value is its own text, an object is empty. */
export function join(list: Value, separator: () => Value): string {
  if (isPrimitive(list)) return coerceToString(list);
  if (!Array.isArray(list)) return '';
  const given = list.length > 1 ? separator() : ',';
  const between = isPrimitive(given) ? coerceToString(given) : ',';
  let text = '';
  list.forEach((item, index) => {
    text = limited(text + (index > 0 ? between : '') + coerceToString(item));
  });
  return text;
}

/**
 * `fromJSON(text)`
 *
 * @throws CodedError `expressions/bad-json`, which quotes the start of the text.
 */
export function parseJson(text: string): Value {
  try {
    return readJson(text);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    const what = text.trim() === '' ? 'an empty text' : `'${shorten(text)}'`;
    throw new CodedError('expressions/bad-json', `fromJSON() was given ${what}, which is not JSON`, {
      help: 'look at the step or job whose output this is: it may not have run, or has printed something else',
      cause,
    });
  }
}

/** `toJSON(value)`: two spaces of indentation, as GitHub prints it. */
export function printJson(value: Value, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = Array.from(value, (item) => inner + printJson(item, inner));
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (value instanceof ObjectValue) {
    const members = value
      .entries()
      .map(([key, member]) => `${inner}${quote(key)}: ${printJson(member, inner)}`);
    return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
  }
  if (value === null) return 'null';
  return typeof value === 'string' ? quote(value) : coerceToString(value);
}

const shortEscapes: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** As Newtonsoft.Json writes text: half a surrogate pair stays as it is, the line ends of Unicode are escaped. */
function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what JSON must escape
  const escaped = text.replaceAll(/["\\\u0000-\u001f\u0085\u2028\u2029]/g, (char) => {
    return shortEscapes[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
