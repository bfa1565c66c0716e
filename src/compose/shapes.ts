import { didYouMean } from '../diagnostics/index.ts';
import type { Span } from '../diagnostics/index.ts';
import type { Findings } from './findings.ts';
import { inWords, isNothing, mapping, printed } from './tree.ts';
import type { Entry, Scalar, Tree } from './tree.ts';
import { parseBytes, parseDurationMs, splitCommand } from './units.ts';

/*
 * A shape reads one value of a Compose file. A value of another kind is reported once, with its place, and read as
 * undefined, so that reading goes on.
 */

/** Reads a value; `path` names it in messages, such as `services.web.ports`. */
export type Shape<T> = (tree: Tree, path: string, findings: Findings) => T | undefined;

/** A value with the place it was written at. */
export interface Located<T> {
  value: T;
  at: Span;
}

/** Reports that a value is of another kind than its key takes. */
export function wrongType(
  tree: Tree,
  path: string,
  findings: Findings,
  wanted: string,
  example: string,
): undefined {
  return findings.error(
    'compose/wrong-type',
    `${path} must be ${wanted}, and here is ${inWords(tree)}`,
    tree.at,
    {
      help: `write it like this: ${example}`,
    },
  );
}

/** Reports a value that its key does not take. */
export function badValue(
  message: string,
  at: Span,
  findings: Findings,
  help: string,
  notes: string[] = [],
): undefined {
  return findings.error('compose/bad-value', message, at, { help, notes });
}

const lastKey = (path: string) =>
  path
    .split('.')
    .at(-1)
    ?.replace(/\[\d+\]$/, '') ?? path;

/** A text; numbers and the like want quotes, as in Docker Compose. */
export const text: Shape<string> = (tree, path, findings) => {
  if (tree.kind === 'scalar' && typeof tree.value === 'string') return tree.value;
  const written = tree.kind === 'scalar' && tree.value !== null ? printed(tree) : 'text';
  return wrongType(tree, path, findings, 'text', `${lastKey(path)}: "${written}"`);
};

/** A text, or a number or boolean taken as it is printed. */
export const anyText: Shape<string> = (tree, path, findings) =>
  tree.kind === 'scalar' && tree.value !== null
    ? printed(tree)
    : wrongType(tree, path, findings, 'one value', `${lastKey(path)}: "text"`);

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Shape<T> {
  return (tree, path, findings) => {
    const word = text(tree, path, findings);
    if (word === undefined) return undefined;
    const found = words.find((candidate) => candidate === word);
    if (found !== undefined) return found;
    const near = didYouMean(word, words);
    return badValue(
      `${path} cannot be "${word}"`,
      tree.at,
      findings,
      near === undefined ? 'write one of the allowed words' : `did you mean "${near}"?`,
      [`allowed: ${words.join(', ')}`],
    );
  };
}

/** True or false, also as a text that a variable made. */
export const flag: Shape<boolean> = (tree, path, findings) => {
  const value = tree.kind === 'scalar' ? tree.value : null;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return wrongType(tree, path, findings, 'true or false', `${lastKey(path)}: true`);
};

/** A number from `least` on, also as a text that a variable made. */
export function number(least = -Infinity): Shape<number> {
  return (tree, path, findings) => {
    const value =
      tree.kind === 'scalar' && typeof tree.value !== 'boolean' ? Number(tree.value ?? Number.NaN) : NaN;
    if (!Number.isFinite(value) || isBlank(tree))
      return wrongType(tree, path, findings, 'a number', `${lastKey(path)}: ${Math.max(least, 2)}`);
    if (value >= least) return value;
    return badValue(`${path} cannot be ${value}`, tree.at, findings, `write a number of ${least} or more`);
  };
}

function isBlank(tree: Tree): boolean {
  return tree.kind === 'scalar' && typeof tree.value === 'string' && tree.value.trim() === '';
}

/** A whole number from `least` on. */
export function whole(least = 0): Shape<number> {
  const any = number(least);
  return (tree, path, findings) => {
    const value = any(tree, path, findings);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    return badValue(
      `${path} must be a whole number, not ${value}`,
      tree.at,
      findings,
      `write ${Math.round(value)}`,
    );
  };
}

/** A size in bytes: `512m`, `1.5gb` or a number. */
export const bytes: Shape<number> = (tree, path, findings) => {
  const written = tree.kind === 'scalar' && typeof tree.value !== 'boolean' ? tree.value : null;
  if (written === null) return wrongType(tree, path, findings, 'a size', `${lastKey(path)}: 512m`);
  const size = parseBytes(String(written));
  if (size !== null) return size;
  return badValue(
    `${path}: "${written}" is not a size`,
    tree.at,
    findings,
    'write a number and b, k, m or g, such as 512m',
  );
};

/** A duration in ms: `90s` or `1m30s`. */
export const durationMs: Shape<number> = (tree, path, findings) => {
  const written = tree.kind === 'scalar' && typeof tree.value !== 'boolean' ? tree.value : null;
  if (written === null) return wrongType(tree, path, findings, 'a duration', `${lastKey(path)}: 30s`);
  const ms = parseDurationMs(String(written));
  if (ms !== null) return ms;
  const bare = /^\d+$/.test(String(written));
  const message = bare ? `${path}: "${written}" has no unit` : `${path}: "${written}" is not a duration`;
  const help = bare
    ? `write ${written}s if seconds are meant`
    : 'write numbers with units, such as 90s, 1m30s or 500ms';
  return badValue(message, tree.at, findings, help);
};

/** An octal file mode: 0440 as a number, or "0440" as a text. */
export const fileMode: Shape<number> = (tree, path, findings) => {
  const value = tree.kind === 'scalar' ? tree.value : null;
  const mode =
    typeof value === 'string' && /^0?o?[0-7]{3,4}$/.test(value)
      ? Number.parseInt(value.replace('o', ''), 8)
      : value;
  if (typeof mode === 'number' && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  return wrongType(tree, path, findings, 'a file mode', `${lastKey(path)}: 0440`);
};

function asItem(tree: Tree): string {
  if (tree.kind !== 'scalar' || tree.value === null) return ' … ';
  return typeof tree.value === 'string' ? JSON.stringify(tree.value) : printed(tree);
}

/** A list; a mistake in one item leaves the others. */
export function listOf<T>(item: Shape<T>): Shape<T[]> {
  return (tree, path, findings) => {
    if (tree.kind !== 'list')
      return wrongType(tree, path, findings, 'a list', `${lastKey(path)}: [${asItem(tree)}]`);
    return tree.items.flatMap((child, index) => {
      const value = item(child, `${path}[${index}]`, findings);
      return value === undefined ? [] : [value];
    });
  };
}

/** Remembers where a value stands. */
export function located<T>(shape: Shape<T>): Shape<Located<T>> {
  return (tree, path, findings) => {
    const value = shape(tree, path, findings);
    return value === undefined ? undefined : { value, at: tree.at };
  };
}

/** One text, or a list of texts. */
export const texts: Shape<string[]> = (tree, path, findings) =>
  tree.kind === 'scalar' ? wrapped(text(tree, path, findings)) : listOf(text)(tree, path, findings);

/** A list of texts and numbers, each as a text. */
export const anyTexts: Shape<string[]> = listOf(anyText);

function wrapped<T>(value: T | undefined): T[] | undefined {
  return value === undefined ? undefined : [value];
}

/**
 * `NAME: value` lines or a list of `NAME=value`; a name alone has no value.
 *
 * @param separators - What stands between name and value in the list.
 */
export const keyed =
  (separators = '='): Shape<Map<string, Located<string | null>>> =>
  (tree, path, findings) => {
    const values = new Map<string, Located<string | null>>();
    if (tree.kind === 'scalar')
      return wrongType(tree, path, findings, 'a mapping or a list', `${lastKey(path)}: { NAME: value }`);
    for (const [key, { value }] of keyedEntries(tree, separators, findings, path)) {
      if (value.kind === 'scalar')
        values.set(key, { value: value.value === null ? null : printed(value), at: value.at });
      else wrongType(value, `${path}.${key}`, findings, 'one value', `${key}: "text"`);
    }
    return values;
  };

/** The entries of a mapping, or of a list of `NAME=value`, in which the last of a name counts. */
export function keyedEntries(
  tree: Tree,
  separators = '=',
  findings?: Findings,
  path = '',
): Map<string, Entry> {
  if (tree.kind === 'map') return new Map(tree.entries);
  const entries = new Map<string, Entry>();
  const items = tree.kind === 'list' ? tree.items : [tree];
  for (const item of items) {
    if (item.kind !== 'scalar' || item.value === null) {
      if (findings) wrongType(item, path, findings, 'a list of NAME=value', `- NAME=value`);
      continue;
    }
    const pair = printed(item);
    const cut = pair.search(new RegExp(`[${separators}]`));
    const value: Scalar = { ...item, value: cut === -1 ? null : pair.slice(cut + 1) };
    entries.set(cut === -1 ? pair : pair.slice(0, cut), { keyAt: item.at, value });
  }
  return entries;
}

/** A mapping whose values all have one shape; a value that is missing is read as undefined and left out. */
export function mapOf<T>(item: Shape<T>): Shape<Map<string, T>> {
  return (tree, path, findings) => {
    if (tree.kind !== 'map')
      return wrongType(tree, path, findings, 'a mapping', `${lastKey(path)}: { NAME: value }`);
    const values = new Map<string, T>();
    for (const [key, { value }] of tree.entries) {
      const read = item(value, `${path}.${key}`, findings);
      if (read !== undefined) values.set(key, read);
    }
    return values;
  };
}

/** A command: a list of words, or a line that is split into words without a shell. */
export const command: Shape<string[]> = (tree, path, findings) => {
  if (tree.kind === 'list') return listOf(text)(tree, path, findings);
  if (tree.kind === 'map' || typeof tree.value !== 'string')
    return wrongType(tree, path, findings, 'a text or a list of texts', `${lastKey(path)}: npm start`);
  const split = splitCommand(tree.value);
  if (split === null)
    return badValue(
      `${path} opens a quote and does not close it`,
      tree.at,
      findings,
      'close the quote, or write the words as a list',
    );
  if (split.operator !== null) {
    findings.warning(
      'compose/shell-operator',
      `${path} is not run by a shell: "${split.operator}" and what follows it are left out`,
      tree.at,
      { notes: ['Docker Compose does the same'], help: `write it as a list: ["sh", "-c", "…"]` },
    );
  }
  return split.words;
};

/** Shapes by key. */
export type Fields = Record<string, Shape<unknown>>;

/** What `fields` reads: the entries that are there and right. */
export type ReadFields<F extends Fields> = { [K in keyof F]?: F[K] extends Shape<infer T> ? T : never };

/** A key that is refused on purpose. */
export interface Refusal {
  reason: string;
  help: string;
}

/** What else may stand in a mapping beside the keys that are read. */
export interface OtherKeys {
  /** The mapping in words, such as "a service". */
  of: string;
  /** Keys without effect here, and why; said as a note. */
  ignored?: Record<string, string>;
  /** Keys without effect here that are not worth a note. */
  silent?: readonly string[];
  refused?: Record<string, Refusal>;
}

/** A mapping with known keys; `x-` keys may always stand beside them. Keys without a value are as if they were not there. */
export function fields<F extends Fields>(shapes: F, others: OtherKeys): Shape<ReadFields<F>> {
  return (tree, path, findings) => {
    if (tree.kind !== 'map')
      return wrongType(
        tree,
        path,
        findings,
        'a mapping',
        `${lastKey(path)}: { ${Object.keys(shapes)[0] ?? 'key'}: … }`,
      );
    const values: Record<string, unknown> = {};
    for (const [key, entry] of tree.entries) {
      const inner = path === '' ? key : `${path}.${key}`;
      const shape = Object.hasOwn(shapes, key) ? shapes[key] : undefined;
      if (shape === undefined) otherKey(key, entry, { path, inner, shapes, others }, findings);
      else if (!isNothing(entry.value)) values[key] = shape(entry.value, inner, findings);
    }
    return values as ReadFields<F>;
  };
}

/** Keys beyond which they are not listed beside a word that is meant. */
const mostListed = 30;

interface Around {
  path: string;
  inner: string;
  shapes: Fields;
  others: OtherKeys;
}

function otherKey(key: string, { keyAt }: Entry, around: Around, findings: Findings): void {
  const { ignored = {}, refused = {}, silent = [], of } = around.others;
  if (key.startsWith('x-') || silent.includes(key)) return;
  if (Object.hasOwn(refused, key)) {
    const { reason = '', help = '' } = refused[key] ?? {};
    findings.error('compose/refused', `${around.inner}: ${reason}`, keyAt, { help });
  } else if (Object.hasOwn(ignored, key)) {
    findings.note('compose/no-effect', `${around.inner} has no effect: ${ignored[key]}`, keyAt, {
      help: 'nothing needs to be done; it may stay',
    });
  } else {
    const allowed = [...Object.keys(around.shapes), ...Object.keys(ignored), ...silent];
    const near = didYouMean(key, allowed) ?? didYouMean(key, Object.keys(refused));
    // The long list of a service's keys helps nobody who only mistyped one.
    const isLong = allowed.length > mostListed && near !== undefined;
    findings.error('compose/unknown-key', `there is no key "${key}" in ${of}`, keyAt, {
      notes: isLong ? [] : [`keys of ${of}: ${allowed.join(', ')}`],
      help: near === undefined ? 'remove it, or name it "x-…" if it is your own' : `did you mean "${near}"?`,
    });
  }
}

/** Names of services, volumes and the like. */
const resourceName = /^[a-zA-Z0-9._-]+$/;

/** The entries of a top-level mapping, without those whose names cannot be used. */
export function named(tree: Tree | undefined, path: string, findings: Findings): Map<string, Entry> {
  if (tree === undefined || isNothing(tree)) return new Map();
  if (tree.kind !== 'map') {
    wrongType(tree, path, findings, 'a mapping', `${path}: { NAME: … }`);
    return new Map();
  }
  const entries = [...tree.entries].filter(([name, { keyAt }]) => {
    if (name.startsWith('x-') && path !== 'services') return false;
    if (resourceName.test(name)) return true;
    badValue(
      `"${name}" cannot be a name in ${path}`,
      keyAt,
      findings,
      'use letters, digits, ".", "_" and "-"',
    );
    return false;
  });
  return new Map(mapping(entries, tree.at).entries);
}
