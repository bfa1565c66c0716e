import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Node, Pair, Scalar as YamlScalar, YAMLMap } from 'yaml';
import type { Position, Span } from '../diagnostics/index.ts';
import type { Findings } from './findings.ts';
import { interpolate, type Lookup, type Trouble } from './interpolate.ts';
import type { Entry, Mapping, MergeTag, ScalarValue, Tree } from './tree.ts';

/** Pieces that one file may come to; anchors that multiply beyond it are refused. */
const mostPieces = 100_000;
const deepestNesting = 100;
const longestFile = 2_000_000;

/** One Compose file to be read. */
export interface ComposeFile {
  /** Path as the user knows it. */
  path: string;
  text: string;
  /** Folder from which its relative paths count. */
  folder: string;
  lookup: Lookup;
}

/** Reads one file; null when it is no YAML, empty or another thing than a mapping. Mistakes go to `findings`. */
export function readYaml(file: ComposeFile, findings: Findings): Mapping | null {
  const reader = new YamlReader(file, findings);
  return reader.read();
}

class YamlReader {
  readonly #file: ComposeFile;
  readonly #findings: Findings;
  /** Offsets of the lines' first characters. */
  readonly #lineStarts: number[] = [0];
  /** Built nodes by anchor: the latest one before the alias counts. */
  readonly #anchors = new Map<string, Tree | 'open'>();
  readonly #sizes = new WeakMap<Tree, number>();
  #tooLarge = false;

  constructor(file: ComposeFile, findings: Findings) {
    this.#file = file;
    this.#findings = findings;
    for (const { index } of file.text.matchAll(/\n/g)) this.#lineStarts.push(index + 1);
  }

  read(): Mapping | null {
    const { path, text } = this.#file;
    const start: Span = { file: path, start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
    if (text.length > longestFile) {
      return this.#stop(
        'compose/too-large',
        `${path} is longer than ${longestFile} characters`,
        start,
        'split it',
      );
    }
    const document = parseDocument(text, {
      prettyErrors: false,
      uniqueKeys: false,
      merge: false,
      version: '1.2',
      schema: 'core',
      customTags: ['!reset', '!override'].flatMap((tag) => [
        { tag, collection: 'map' as const },
        { tag, collection: 'seq' as const },
        { tag, resolve: (value: string) => plainValue(value) },
      ]),
    });
    const lines = new Set<number>();
    for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
      const at = this.#span(pos[0], Math.max(pos[1], pos[0] + 1));
      if (lines.has(at.start.line)) continue;
      lines.add(at.start.line);
      const what = code === 'MULTIPLE_DOCS' ? 'it holds more than one document' : inPlainWords(message);
      this.#findings.error('compose/yaml', `${path} is not YAML that can be read: ${what}`, at, {
        help:
          code === 'MULTIPLE_DOCS'
            ? 'put each in a file of its own, and name both'
            : 'check the indentation (spaces only) and the quotes here and above',
      });
    }
    if (lines.size > 0) return null;
    const tree = this.#tree(document.contents, start, 0);
    if (this.#tooLarge) return null;
    if (tree.kind === 'map') return tree;
    const empty = tree.kind === 'scalar' && tree.value === null;
    const message = empty ? `${path} is empty` : `${path} must be a mapping that holds "services"`;
    return this.#stop('compose/wrong-type', message, tree.at, 'write "services:" and a service below it');
  }

  #stop(code: string, message: string, at: Span, help: string): null {
    this.#findings.error(code, message, at, { help });
    return null;
  }

  #tree(node: Node | null, fallback: Span, depth: number): Tree {
    const { folder } = this.#file;
    const at = node?.range ? this.#span(node.range[0], Math.max(node.range[1], node.range[0])) : fallback;
    if (depth > deepestNesting) {
      this.#refuseSize(at, `it nests deeper than ${deepestNesting} levels`, 'make it flatter');
      return { kind: 'scalar', value: null, folder, at };
    }
    if (isAlias(node)) return this.#alias(node.source, at);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const built = this.#built(node, at, depth);
    const tag = mergeTag(node);
    const tree: Tree = tag === undefined ? built : { ...built, tag };
    if (anchor !== undefined) this.#anchors.set(anchor, tree);
    this.#count(tree);
    return tree;
  }

  #built(node: Node | null, at: Span, depth: number): Tree {
    if (isMap(node)) return this.#mapping(node, at, depth);
    if (isSeq(node)) {
      return { kind: 'list', items: node.items.map((item) => this.#tree(item as Node, at, depth + 1)), at };
    }
    const value = isScalar(node) ? this.#scalar(node, at) : null;
    return { kind: 'scalar', value, folder: this.#file.folder, at };
  }

  #count(tree: Tree): void {
    const children =
      tree.kind === 'map'
        ? [...tree.entries.values()].map(({ value }) => value)
        : tree.kind === 'list'
          ? tree.items
          : [];
    const size = children.reduce((sum, child) => sum + (this.#sizes.get(child) ?? 1), 1);
    this.#sizes.set(tree, size);
    if (size > mostPieces)
      this.#refuseSize(
        tree.at,
        `it comes to more than ${mostPieces} values`,
        'use fewer anchors inside anchors',
      );
  }

  #refuseSize(at: Span, why: string, help: string): void {
    if (this.#tooLarge) return;
    this.#tooLarge = true;
    this.#findings.error('compose/too-large', `${this.#file.path} is too large: ${why}`, at, { help });
  }

  #alias(name: string, at: Span): Tree {
    const tree = this.#anchors.get(name);
    if (tree !== undefined && tree !== 'open') return tree;
    const message =
      tree === 'open' ? `the anchor &${name} holds itself` : `no anchor &${name} stands before this alias`;
    this.#findings.error('compose/anchor', message, at, {
      help:
        tree === 'open' ? 'take the alias out' : `write &${name} behind the key of what should be repeated`,
    });
    return { kind: 'scalar', value: null, folder: this.#file.folder, at };
  }

  #mapping(map: YAMLMap, at: Span, depth: number): Mapping {
    const own = new Map<string, Entry>();
    const merged: Mapping[] = [];
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      const keyAt = pair.key?.range ? this.#span(pair.key.range[0], pair.key.range[1]) : at;
      if (!isScalar(pair.key)) {
        this.#findings.error('compose/wrong-type', 'a key must be text', keyAt, {
          help: 'write "key: value"',
        });
        continue;
      }
      const key = pair.key.source ?? String(pair.key.value);
      const value = this.#tree(pair.value, keyAt, depth + 1);
      if (key === '<<' && pair.key.type === 'PLAIN') merged.push(...this.#mergeSources(value));
      else if (own.has(key)) this.#duplicate(key, keyAt, own.get(key)?.keyAt ?? keyAt);
      else own.set(key, { keyAt, value });
    }
    for (const source of merged)
      for (const [key, entry] of source.entries) if (!own.has(key)) own.set(key, entry);
    return { kind: 'map', entries: own, at };
  }

  /** The mappings of `<<`; earlier ones win. */
  #mergeSources(value: Tree): Mapping[] {
    if (value.kind === 'map') return [value];
    const items = value.kind === 'list' ? value.items : [value];
    return items.flatMap((item) => {
      if (item.kind === 'map') return [item];
      this.#findings.error('compose/anchor', '"<<" takes a mapping, or a list of mappings', item.at, {
        help: 'write "<<: *name" with the anchor &name at a mapping',
      });
      return [];
    });
  }

  #duplicate(key: string, keyAt: Span, first: Span): void {
    this.#findings.error('compose/duplicate-key', `"${key}" is written twice`, keyAt, {
      notes: [`first written in ${first.file}:${first.start.line}`],
      help: 'keep one of the two',
    });
  }

  #scalar(node: YamlScalar, at: Span): ScalarValue {
    const isPlain = node.type === 'PLAIN' && (node.tag === undefined || mergeTag(node) !== undefined);
    const value = isPlain ? plainValue(node.source ?? '') : node.value;
    if (typeof value !== 'string') return typeof value === 'bigint' ? String(value) : (value as ScalarValue);
    if (!value.includes('$')) return value;
    const raw = node.range ? this.#file.text.slice(node.range[0], node.range[1]) : '';
    return interpolate(value, this.#file.lookup, (trouble) => {
      const offset = raw.indexOf(trouble.text);
      const from = (node.range?.[0] ?? 0) + Math.max(offset, 0);
      this.#report(trouble, offset === -1 ? at : this.#span(from, from + trouble.text.length));
    });
  }

  #report(trouble: Trouble, at: Span): void {
    if (trouble.kind === 'bad-reference') {
      this.#findings.error('compose/bad-reference', `"${trouble.text}" is no reference to a variable`, at, {
        notes: [
          'a reference is written $NAME, ${NAME}, ${NAME:-default}, ${NAME:?message} or ${NAME:+alternative}',
        ],
        help: 'write $$ for a dollar sign that stays one',
      });
    } else if (trouble.kind === 'required') {
      const reason = trouble.reason.trim() === '' ? '' : `: ${trouble.reason.trim()}`;
      this.#findings.error(
        'compose/required-variable',
        `the variable ${trouble.name} is required${reason}`,
        at,
        {
          help: `set ${trouble.name} in the environment of the app, or in .env beside the Compose file`,
        },
      );
    } else {
      this.#findings.warning(
        'compose/unset-variable',
        `the variable ${trouble.name} is not set; it stays empty`,
        at,
        {
          help: `set ${trouble.name}, or write $$${trouble.name} if a shell in the container reads it`,
          once: `unset ${trouble.name}`,
        },
      );
    }
  }

  #position(offset: number): Position {
    let [low, high] = [0, this.#lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  #span(from: number, to: number): Span {
    const length = this.#file.text.length;
    const [start, end] = [Math.min(from, length), Math.min(to, length)];
    return { file: this.#file.path, start: this.#position(start), end: this.#position(end) };
  }
}

function mergeTag(node: Node | null): MergeTag | undefined {
  if (node?.tag === '!reset') return 'reset';
  return node?.tag === '!override' ? 'override' : undefined;
}

/**
 * A scalar without quotes as Compose reads YAML: 1.2, and old octal numbers such as 0644 beside it. Numbers that no
 * double holds exactly stay text.
 */
function plainValue(source: string): ScalarValue {
  if (/^(?:~|null|Null|NULL|)$/.test(source)) return null;
  if (/^(?:true|True|TRUE)$/.test(source)) return true;
  if (/^(?:false|False|FALSE)$/.test(source)) return false;
  const digits = source.replaceAll('_', '');
  const octal = /^([-+]?)0o?([0-7]+)$/.exec(digits);
  if (octal) return exact(source, Number.parseInt(octal[2] ?? '', 8) * (octal[1] === '-' ? -1 : 1));
  if (/^[-+]?(?:0x[\dA-Fa-f]+|0b[01]+)$/.test(digits)) return exact(source, Number(digits.replace('+', '')));
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(digits) && /^[-+.\d]/.test(source))
    return exact(source, Number(digits));
  return source;
}

function exact(source: string, value: number): number | string {
  const isExact = /^[^x]*[.eE]/.test(source) ? Number.isFinite(value) : Number.isSafeInteger(value);
  return isExact ? value : source;
}

/** The YAML library's words without what only programmers know. */
function inPlainWords(message: string): string {
  return message
    .replace(/\s+at line \d+, column \d+[^]*$/, '')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())
    .replace(/\.$/, '')
    .replace(/closing (["'])quote/, 'closing $1');
}
