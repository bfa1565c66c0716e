import type { Span } from '../diagnostics/index.ts';

/** What YAML makes of a scalar. */
export type ScalarValue = string | number | boolean | null;

/**
 * A Compose file as it was written, after anchors, merge keys and interpolation: plain data in which every piece knows
 * its place. Trees are never changed; merging makes new ones that share their parts.
 */
export type Tree = Scalar | List | Mapping;

/** What `!reset` and `!override` ask for where files are merged. */
export type MergeTag = 'reset' | 'override';

interface Piece {
  at: Span;
  tag?: MergeTag;
}

export interface Scalar extends Piece {
  kind: 'scalar';
  value: ScalarValue;
  /** Folder, relative to the project's root, from which a path in this scalar counts; `''` for the root. */
  folder: string;
}

export interface List extends Piece {
  kind: 'list';
  items: Tree[];
}

export interface Entry {
  keyAt: Span;
  value: Tree;
}

export interface Mapping extends Piece {
  kind: 'map';
  entries: ReadonlyMap<string, Entry>;
}

/** What stands behind a key; undefined when it is not there. */
export function valueAt(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'map' ? tree.entries.get(key)?.value : undefined;
}

/** The text of a scalar that is text. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && typeof tree.value === 'string' ? tree.value : undefined;
}

/** Any scalar as Compose prints it: 0644 is `420`, 1.10 is `1.1`; nothing is the empty text. */
export function printed({ value }: Scalar): string {
  if (typeof value === 'number') return printedNumber(value);
  return value === null ? '' : String(value);
}

/** As Go prints numbers: an exponent has two digits, and begins below 1e-4 and at 1e21. */
function printedNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e21)) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}

/** Whether nothing stands here. */
export function isNothing(tree: Tree | undefined): boolean {
  return tree === undefined || (tree.kind === 'scalar' && tree.value === null);
}

/** What stands here, in words. */
export function inWords(tree: Tree): string {
  if (tree.kind === 'map') return 'a mapping';
  if (tree.kind === 'list') return 'a list';
  if (tree.value === null) return 'nothing';
  return typeof tree.value === 'string' ? `the text "${shortened(tree.value)}"` : String(tree.value);
}

function shortened(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length < text.length || line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

/** A mapping made out of entries. */
export function mapping(entries: Iterable<readonly [string, Entry]>, at: Span): Mapping {
  return { kind: 'map', entries: new Map(entries), at };
}

/** Anything as plain JSON data, without places. */
export function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, plain(value)]));
}
