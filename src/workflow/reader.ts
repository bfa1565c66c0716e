import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  Scalar,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { didYouMean, type Finding, type Span } from '../diagnostics/index.ts';
import type { WorkflowCode } from './codes.ts';
import type { Json, Template } from './model.ts';
import { describe, jsonScalar, scalarText } from './nodes.ts';

/** A key of a mapping with its value. */
export interface Entry {
  key: string;
  keyAt: Span;
  value: Node | null;
}

/** What a mapping may hold. */
export interface Keys {
  /** The mapping in words, such as "a job". */
  of: string;
  known: readonly string[];
  /** Keys that such mappings have in other places, and where they cannot stand. */
  elsewhere?: readonly [keys: readonly string[], where: string];
  /** What an expression in a key sees; without it, keys hold none. */
  dynamic?: (key: Template) => void;
  /** What to write where something else than a mapping stands. */
  example?: string;
}

/** What a finding says beside its message. */
export interface Extra {
  notes?: string[];
  help?: string | undefined;
}

/** Nodes that one file may visit; aliases that multiply beyond it are refused. */
const mostNodes = 100_000;
const deepestValue = 100;

/**
 * One YAML file being read: gives typed pieces with their places and collects every mistake.
 *
 * A piece that is not what was asked for is reported once and read as undefined, so that reading goes on.
 */
export class Reader {
  readonly findings: Finding[] = [];
  readonly file: string;
  readonly #text: string;
  /** Offsets; ours, since YAML's own counter stops where it gives up. The last is that of the line after all. */
  readonly #lineStarts = [0];
  readonly #document: Document;
  readonly #sourceLines: string[];
  #lastLines: { text: string; lines: { text: string; from: number }[] } | undefined;
  #visited = 0;

  constructor(text: string, file: string) {
    this.file = file;
    this.#text = text;
    this.#sourceLines = text.split('\n');
    for (const line of this.#sourceLines) {
      this.#lineStarts.push((this.#lineStarts.at(-1) ?? 0) + line.length + 1);
    }
    this.#document = parseDocument(text, {
      prettyErrors: false,
      uniqueKeys: false,
      stringKeys: false,
      version: '1.2',
      schema: 'core',
    });
    this.#reportSyntax();
  }

  /** One mistake a line: those that follow on the same line are mostly its consequences. */
  #reportSyntax(): void {
    const lines = new Set<number>();
    for (const { code, message, pos } of [...this.#document.errors, ...this.#document.warnings]) {
      const at = this.#span(pos[0], Math.max(pos[1], pos[0] + 1));
      if (lines.has(at.start.line)) continue;
      lines.add(at.start.line);
      const what = code === 'MULTIPLE_DOCS' ? 'the file holds more than one YAML document' : plain(message);
      const help = 'check the indentation (spaces only) and the quotes here and above';
      this.error('yaml', `this is not YAML: ${what}`, at, { help });
    }
  }

  /** The whole document, null when it is empty. */
  get root(): Node | null {
    return this.#resolve(this.#document.contents);
  }

  /** Reports a mistake. */
  error(code: WorkflowCode, message: string, at: Span, extra: Extra = {}): void {
    this.report('error', code, message, at, extra);
  }

  /** Reports something that does not stop the workflow. */
  report(
    severity: Finding['severity'],
    code: WorkflowCode,
    message: string,
    at: Span,
    extra: Extra = {},
  ): void {
    this.findings.push(finding(severity, code, message, at, extra));
  }

  /** Where a node stands; for a missing value, `fallback`. */
  at(node: Node | null | undefined, fallback: Span): Span {
    const range = node?.range;
    return range ? this.#span(range[0], Math.max(range[1], range[0] + 1)) : fallback;
  }

  /** The first character of the file. */
  get start(): Span {
    return this.#span(0, 1);
  }

  /** The entries of a mapping in the order written; reports anything else, and keys given twice. */
  entries(node: Node | null, what: string, at: Span): Entry[] | undefined {
    if (!isMap(node)) {
      this.wrongType(
        node,
        `${what} must be a mapping`,
        at,
        'write `key: value` lines below it, indented by two spaces',
      );
      return undefined;
    }
    return this.#entriesOf(node, what);
  }

  #entriesOf(map: YAMLMap, what: string): Entry[] {
    const seen = new Map<string, { key: string; at: Span }>();
    const entries: Entry[] = [];
    for (const pair of map.items) {
      const keyNode = this.#resolve(pair.key as Node | null);
      const keyAt = this.at(keyNode, this.at(map, this.start));
      if (!isScalar(keyNode)) {
        this.error('wrong-type', `a key of ${what} must be text`, keyAt, { help: 'write `key: value`' });
        continue;
      }
      const key = scalarText(keyNode);
      if (key === '<<') {
        const help = 'GitHub does not merge mappings either; write the keys out';
        this.error('unknown-key', 'merge keys (`<<`) are not part of workflows', keyAt, { help });
        continue;
      }
      // Case does not tell keys apart; those made by expressions are known only later.
      const folded = key.toUpperCase();
      const before = key.includes('${{') ? undefined : seen.get(folded);
      if (before) {
        const { start } = before.at;
        const notes = [`first given at ${this.file}:${start.line}:${start.column}`];
        const help =
          before.key === key ? 'keep one of them' : 'keep one of them; case does not tell them apart';
        this.error('duplicate-key', `"${key}" is given twice in ${what}`, keyAt, { notes, help });
        continue;
      }
      seen.set(folded, { key, at: keyAt });
      entries.push({ key, keyAt, value: this.#resolve(pair.value as Node | null) });
    }
    return entries;
  }

  /** The entries of a mapping whose keys are fixed; reports keys that are unknown or not honoured. */
  fields(node: Node | null, keys: Keys, at: Span): Map<string, Entry> | undefined {
    if (keys.example !== undefined && !isMap(node)) {
      this.wrongType(node, `${keys.of} must be a mapping`, at, keys.example);
      return undefined;
    }
    const entries = this.entries(node, keys.of, at);
    if (!entries) return undefined;
    const fields = new Map<string, Entry>();
    for (const entry of entries) {
      const { key, keyAt } = entry;
      const judge = key.includes('${{') ? keys.dynamic : undefined;
      judge?.({ text: key, at: keyAt });
      if (judge || keys.known.includes(key)) fields.set(key, entry);
      else this.#unknownKey(entry, keys);
    }
    return fields;
  }

  #unknownKey(entry: Entry, keys: Keys): void {
    const { key, keyAt } = entry;
    if (key.includes('${{')) {
      if (keys.dynamic) keys.dynamic({ text: key, at: keyAt });
      else
        this.error('no-expression', `a key of ${keys.of} takes no expressions`, keyAt, {
          help: 'write it out',
        });
      return;
    }
    const [elsewhere, where] = keys.elsewhere ?? [[], ''];
    if (elsewhere.includes(key)) {
      this.error('conflicting-keys', `\`${key}\` cannot stand in ${where}`, keyAt, { help: 'remove it' });
      return;
    }
    const near = didYouMean(key, keys.known);
    this.error('unknown-key', `${keys.of} has no key \`${key}\``, keyAt, {
      notes: [`keys of ${keys.of}: ${keys.known.join(', ')}`],
      help: near === undefined ? undefined : `did you mean \`${near}\`?`,
    });
  }

  /** The items of a sequence; reports anything else. */
  items(node: Node | null, what: string, at: Span): Node[] | undefined {
    if (!isSeq(node)) {
      this.wrongType(node, `${what} must be a list`, at, 'write `- item` lines below it, or [a, b]');
      return undefined;
    }
    return node.items.map((item) => this.#resolve(item as Node | null) ?? new Scalar(null));
  }

  /** A scalar as text with its place; reports mappings, lists and, unless `empty` is allowed, nothing at all. */
  template(
    node: Node | null,
    what: string,
    at: Span,
    empty: 'allowed' | 'refused' = 'refused',
  ): Template | undefined {
    if (node !== null && !isScalar(node)) {
      this.wrongType(node, `${what} must be a single value`, at, 'write one value behind the colon');
      return undefined;
    }
    const text = node === null ? '' : scalarText(node);
    if (text === '' && empty === 'refused') {
      this.error('wrong-type', `${what} is empty`, at, { help: 'give it a value, or leave the key out' });
      return undefined;
    }
    return { text, at: node === null ? at : this.#textAt(node, at) };
  }

  /** One text, or a list of texts. */
  templates(node: Node | null, what: string, at: Span): Template[] {
    if (!isSeq(node)) {
      const single = this.template(node, what, at);
      return single ? [single] : [];
    }
    const items = this.items(node, what, at) ?? [];
    return items.flatMap((item) => this.template(item, `an item of ${what}`, this.at(item, at)) ?? []);
  }

  /** Any YAML as JSON: scalars, lists and mappings with text keys. */
  json(node: Node | null, what: string, at: Span, depth = 0): Json {
    this.#resolve(node);
    if (depth > deepestValue) {
      this.error('too-deep', `${what} nests deeper than ${deepestValue} levels`, this.at(node, at), {
        help: 'make it flatter',
      });
      return null;
    }
    if (isSeq(node)) {
      const items = this.items(node, what, at) ?? [];
      return items.map((item) => this.json(item, what, at, depth + 1));
    }
    if (isMap(node)) {
      const entries = this.#entriesOf(node, what);
      return Object.fromEntries(
        entries.map(({ key, value, keyAt }) => [key, this.json(value, what, keyAt, depth + 1)]),
      );
    }
    return isScalar(node) ? jsonScalar(node) : null;
  }

  /** Says what was found instead of what is wanted. */
  wrongType(node: Node | null, message: string, at: Span, way: string): void {
    const where = this.at(node, at);
    const source = node?.range ? this.#text.slice(node.range[0], node.range[1]).replace(/^["']/, '') : '';
    const help = source.startsWith('{{')
      ? 'an expression begins with a dollar sign: ${{ … }}'
      : source.startsWith('${{')
        ? 'no expression can stand for it here; write it out'
        : way;
    this.error('wrong-type', `${message}, and here is ${describe(node)}`, where, { help });
  }

  /** Place of a stretch of a scalar's text: exact for plain, quoted without escapes, and `|` blocks. */
  within(template: Template, from: number, to: number): Span {
    const { at, text } = template;
    if (at.start.line === at.end.line && at.end.column - at.start.column === text.length) {
      const { line, column } = at.start;
      return { file: at.file, start: { line, column: column + from }, end: { line, column: column + to } };
    }
    return this.#withinBlock(template, from, to) ?? at;
  }

  /** In a `|` block, line k of the text is line k of the block, moved right by the indentation. */
  #withinBlock({ at, text }: Template, from: number, to: number): Span | undefined {
    const header = (this.#sourceLines[at.start.line - 1] ?? '').slice(at.start.column - 1).trimEnd();
    if (!/^[|][-+0-9]*\s*(#.*)?$/.test(header)) return undefined;
    const lines = this.#linesOf(text);
    const index = lines.findLastIndex((candidate) => candidate.from <= from);
    const wanted = lines[index];
    const line = at.start.line + 1 + index;
    const indent = wanted === undefined ? -1 : (this.#sourceLines[line - 1] ?? '').indexOf(wanted.text);
    if (wanted === undefined || indent === -1) return undefined;
    const column = indent + (from - wanted.from) + 1;
    const width = Math.min(to, wanted.from + wanted.text.length) - from;
    return { file: at.file, start: { line, column }, end: { line, column: column + width } };
  }

  /** Lines of a text with where they begin; the last answer is kept, as a script is asked for each expression in it. */
  #linesOf(text: string): { text: string; from: number }[] {
    if (this.#lastLines?.text === text) return this.#lastLines.lines;
    let from = 0;
    const lines = text.split('\n').map((line) => {
      const found = { text: line, from };
      from += line.length + 1;
      return found;
    });
    this.#lastLines = { text, lines };
    return lines;
  }

  #textAt(node: Scalar, fallback: Span): Span {
    const range = node.range;
    if (!range) return fallback;
    const [from, to] = range;
    const quoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
    const inner = quoted ? this.#text.slice(from + 1, to - 1) : '';
    return quoted && inner === node.value && inner !== ''
      ? this.#span(from + 1, to - 1)
      : this.at(node, fallback);
  }

  #span(from: number, to: number): Span {
    return { file: this.file, start: this.#position(from), end: this.#position(to) };
  }

  #position(offset: number): { line: number; column: number } {
    const wanted = Math.min(offset, this.#text.length);
    let line = 0;
    let after = this.#lineStarts.length;
    while (after - line > 1) {
      const middle = (line + after) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= wanted) line = middle;
      else after = middle;
    }
    return { line: line + 1, column: wanted - (this.#lineStarts[line] ?? 0) + 1 };
  }

  #resolve(node: Node | null | undefined): Node | null {
    this.#visited++;
    if (!node || this.#visited > mostNodes) return null;
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (!target)
      this.error('yaml', `there is no anchor "&${node.source}" before this`, this.at(node, this.start), {
        help: `mark what it stands for with &${node.source}, further up`,
      });
    return target ?? null;
  }

  /** Call once at the end: aliases may have multiplied the file beyond reading. */
  checkSize(): void {
    if (this.#visited <= mostNodes) return;
    this.error(
      'too-large',
      `the file, with its aliases written out, has more than ${mostNodes} nodes`,
      this.start,
    );
  }
}

/** Whether a mapping was read and surely has no such key; one that an expression makes may be it. */
export function lacks(fields: ReadonlyMap<string, Entry> | undefined, key: string): boolean {
  return fields !== undefined && ![...fields.keys()].some((name) => name === key || name.includes('${{'));
}

/** A finding of this room. */
export function finding(
  severity: Finding['severity'],
  code: WorkflowCode,
  message: string,
  at: Span,
  { notes = [], help }: Extra,
): Finding {
  const found: Finding = { code: `workflow/${code}`, severity, message, at, notes };
  return help === undefined ? found : { ...found, help };
}

/** The parser's message as a part of ours. */
function plain(message: string): string {
  const text = message.replace(/closing (["'])quote/, 'closing $1');
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
