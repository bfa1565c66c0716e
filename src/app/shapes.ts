import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Document, LineCounter, Node, Pair, YAMLMap } from 'yaml';
import { didYouMean } from '../diagnostics/index.ts';
import type { Finding, Span } from '../diagnostics/index.ts';
import { parseDuration } from './duration.ts';

/*
 * A shape describes one value of slipway.yml once, for both of its readers: `read` for Slipway,
 * with an exact finding for every mistake, and `schema` for editors. Neither can drift from the other.
 */

/** A JSON Schema (draft 2020-12), as plain data. */
export type JsonSchema = { [keyword: string]: unknown };

/** A value with the place it was written at. */
export interface Located<T> {
  value: T;
  at: Span;
}

/** A value of a mapping, with the place of its key as well. */
export interface Entry<T> extends Located<T> {
  keyAt: Span;
}

/** How one value is read and described. */
export interface Shape<T> {
  /** Completes the sentence "… must be". */
  expects: string;
  /** A right value, as written in YAML. */
  example: string;
  schema: JsonSchema;
  /** Reports its mistakes to the reader; undefined when the value cannot be used. */
  read(node: Node, reader: Reader, path: string): T | undefined;
}

interface Advice {
  notes?: string[];
  help: string;
}

/** One YAML file while it is being read. */
export class Reader {
  readonly findings: Finding[] = [];
  readonly #file: string;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  report(code: string, message: string, at: Span, more: Advice): undefined {
    this.findings.push({ code, severity: 'error', message, at, notes: more.notes ?? [], help: more.help });
  }

  /** Reports what can be used, and may not be what was meant. */
  warn(code: string, message: string, at: Span, more: Advice): void {
    this.findings.push({ code, severity: 'warning', message, at, notes: more.notes ?? [], help: more.help });
  }

  span(node: Node | null): Span {
    const [start, end] = node?.range ?? [0, 0];
    return { file: this.#file, start: this.position(start), end: this.position(Math.max(end, start)) };
  }

  position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  resolve(node: Node): Node {
    return isAlias(node) ? (node.resolve(this.#document) ?? node) : node;
  }

  /** Reports that the value is of another kind than the shape expects. */
  wrongType(shape: { expects: string; example: string }, node: Node, path: string): undefined {
    const example = `${path.split('.').at(-1)}: ${shape.example}`;
    this.report(
      'app/wrong-type',
      `${path} must be ${shape.expects}, but this is ${kindOf(node)}`,
      this.span(node),
      {
        help: `write it like this: ${example}`,
      },
    );
  }
}

function kindOf(node: Node): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node)) return 'an alias of nothing';
  if (node.value === null || node.value === '') return 'empty';
  if (typeof node.value === 'string') return 'a text';
  if (typeof node.value === 'number') return 'a number';
  return typeof node.value === 'boolean' ? `"${node.value}"` : 'something else';
}

interface TextRule {
  expects: string;
  example: string;
  pattern?: string;
  /** What the pattern says, in words. */
  allowed?: string;
}

/** A text, held to a pattern. */
export function text(rule: TextRule): Shape<string> {
  const pattern = rule.pattern === undefined ? undefined : new RegExp(rule.pattern);
  return {
    ...rule,
    schema: {
      type: 'string',
      minLength: 1,
      ...(rule.pattern === undefined ? {} : { pattern: rule.pattern }),
    },
    read(node, reader, path) {
      if (!isScalar(node) || typeof node.value !== 'string' || node.value === '') {
        return reader.wrongType(rule, node, path);
      }
      if (!pattern || pattern.test(node.value)) return node.value;
      return reader.report('app/bad-value', `"${node.value}" is not ${rule.expects}`, reader.span(node), {
        notes: rule.allowed === undefined ? [] : [`allowed: ${rule.allowed}`],
        help: `write it like this: ${path.split('.').at(-1)}: ${rule.example}`,
      });
    },
  };
}

/** The value of an environment variable: a text, or a number or a boolean taken as it is written. */
export const variableValue: Shape<string> = {
  expects: 'a text',
  example: '"debug"',
  schema: { type: ['string', 'number', 'boolean'] },
  read(node, reader, path) {
    if (!isScalar(node) || node.value === null) return reader.wrongType(variableValue, node, path);
    return typeof node.value === 'string' ? node.value : (node.source ?? JSON.stringify(node.value));
  },
};

/** True or false. */
export const flag: Shape<boolean> = {
  expects: 'true or false',
  example: 'true',
  schema: { type: 'boolean' },
  read: (node, reader, path) =>
    isScalar(node) && typeof node.value === 'boolean' ? node.value : reader.wrongType(flag, node, path),
};

/** A duration in ms, written as `10s`; `positive` refuses zero. */
export function duration(example: string, rule: { positive?: boolean } = {}): Shape<number> {
  const shape: Shape<number> = {
    expects: 'a duration',
    example,
    schema: { type: 'string', pattern: rule.positive ? '^0*[1-9][0-9]*(ms|s|m|h)$' : '^[0-9]+(ms|s|m|h)$' },
    read(node, reader, path) {
      if (!isScalar(node) || !['string', 'number'].includes(typeof node.value)) {
        return reader.wrongType(shape, node, path);
      }
      const parsed = parseDuration(node.source ?? String(node.value));
      const result =
        parsed.ok && parsed.ms === 0 && rule.positive
          ? {
              ok: false as const,
              reason: 'it must be longer than nothing',
              help: `write ${example}, for example`,
            }
          : parsed;
      if (result.ok) return result.ms;
      return reader.report('app/bad-duration', `${path}: ${result.reason}`, reader.span(node), {
        notes: ['units: ms, s, m, h'],
        help: result.help,
      });
    },
  };
  return shape;
}

/** A list; a mistake in one item leaves the others. */
export function listOf<T>(item: Shape<T>): Shape<Located<T>[]> {
  const shape: Shape<Located<T>[]> = {
    expects: `a list, each item ${item.expects}`,
    example: `[${item.example}]`,
    schema: { type: 'array', items: item.schema, uniqueItems: true },
    read(node, reader, path) {
      if (!isSeq(node)) return reader.wrongType(shape, node, path);
      const values: Located<T>[] = [];
      for (const raw of node.items) {
        const child = reader.resolve(raw as Node);
        const value = item.read(child, reader, path);
        if (value === undefined) continue;
        const at = reader.span(raw as Node);
        if (values.some((other) => other.value === value)) {
          reader.report('app/duplicate-item', `${path} names "${String(value)}" twice`, at, {
            help: 'remove one of the two',
          });
        } else values.push({ value, at });
      }
      return values;
    },
  };
  return shape;
}

/** One value, or a list of them. */
export function oneOrMany<T>(item: Shape<T>): Shape<Located<T>[]> {
  const list = listOf(item);
  return {
    expects: `${item.expects}, or a list of them`,
    example: item.example,
    schema: { anyOf: [item.schema, { ...list.schema, minItems: 1 }] },
    read(node, reader, path) {
      if (isSeq(node) && node.items.length === 0) {
        return reader.report('app/empty', `${path} is an empty list`, reader.span(node), {
          help: 'name one, or remove the key for its default',
        });
      }
      if (isSeq(node)) return list.read(node, reader, path);
      if (isMap(node)) return reader.wrongType(this, node, path);
      const value = item.read(node, reader, path);
      return value === undefined ? undefined : [{ value, at: reader.span(node) }];
    },
  };
}

/** A mapping whose keys the author chooses. */
export function mapOf<T>(key: TextRule & { pattern: string }, item: Shape<T>): Shape<Map<string, Entry<T>>> {
  const keyPattern = new RegExp(key.pattern);
  const shape: Shape<Map<string, Entry<T>>> = {
    expects: `a mapping from ${key.expects} to ${item.expects}`,
    example: `{ ${key.example}: ${item.example} }`,
    schema: { type: 'object', propertyNames: { pattern: key.pattern }, additionalProperties: item.schema },
    read(node, reader, path) {
      if (!isMap(node)) return reader.wrongType(shape, node, path);
      const values = new Map<string, Entry<T>>();
      for (const { name, keyAt, node: child } of entriesOf(node, reader)) {
        if (!keyPattern.test(name)) {
          reader.report('app/bad-value', `"${name}" is not ${key.expects}`, keyAt, {
            notes: key.allowed === undefined ? [] : [`allowed: ${key.allowed}`],
            help: `write it like this: ${key.example}: ${item.example}`,
          });
          continue;
        }
        const value = item.read(child, reader, `${path}.${name}`);
        if (value !== undefined) values.set(name, { value, at: reader.span(child), keyAt });
      }
      return values;
    },
  };
  return shape;
}

/** A mapping or list that must say something. */
export function notEmpty<T>(shape: Shape<T>, help: string): Shape<T> {
  return {
    ...shape,
    schema: { ...shape.schema, [shape.schema['type'] === 'array' ? 'minItems' : 'minProperties']: 1 },
    read(node, reader, path) {
      if (!(isMap(node) || isSeq(node)) || node.items.length > 0) return shape.read(node, reader, path);
      return reader.report('app/empty', `${path} is empty`, reader.span(node), { help });
    },
  };
}

/** Shapes by key. */
export type Fields = Record<string, Shape<unknown>>;

/** What `object` reads: the entries that are there and right. */
export type ReadFields<F extends Fields> = {
  [K in keyof F]?: F[K] extends Shape<infer T> ? Entry<T> : never;
};

/** A key that people will try and that is refused on purpose. */
export interface RefusedKey {
  /** `app/not-yet` when absent. */
  code?: string;
  reason: string;
  help: string;
}

/** A mapping with known keys. Keys in `refused` get their own reason; every other key is a mistake. */
export function object<F extends Fields>(
  fields: F,
  rule: { example: string; refused?: Record<string, RefusedKey>; emptyIsNone?: boolean },
): Shape<ReadFields<F>> {
  const known = Object.keys(fields);
  const shape: Shape<ReadFields<F>> = {
    expects: 'a mapping',
    example: rule.example,
    schema: {
      type: rule.emptyIsNone ? ['object', 'null'] : 'object',
      properties: Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.schema])),
      additionalProperties: false,
    },
    read(node, reader, path) {
      if (rule.emptyIsNone && isScalar(node) && node.value === null) return {};
      if (!isMap(node)) return reader.wrongType(shape, node, path);
      const values: Record<string, Entry<unknown>> = {};
      for (const { name, keyAt, node: child } of entriesOf(node, reader)) {
        const inner = path === '' ? name : `${path}.${name}`;
        const refused = rule.refused && Object.hasOwn(rule.refused, name) ? rule.refused[name] : undefined;
        if (refused)
          reader.report(refused.code ?? 'app/not-yet', `${inner}: ${refused.reason}`, keyAt, {
            help: refused.help,
          });
        else if (!Object.hasOwn(fields, name)) reportUnknown(reader, { name, path, keyAt, known });
        else {
          const value = fields[name]?.read(child, reader, inner);
          if (value !== undefined) values[name] = { value, at: reader.span(child), keyAt };
        }
      }
      return values as ReadFields<F>;
    },
  };
  return shape;
}

/** Adds a description, and the default as it would be written, for editors. */
export function about<T>(shape: Shape<T>, description: string, defaultValue?: unknown): Shape<T> {
  const schema = {
    description,
    ...shape.schema,
    ...(defaultValue === undefined ? {} : { default: defaultValue }),
  };
  return { ...shape, schema };
}

interface UnknownKey {
  name: string;
  path: string;
  keyAt: Span;
  known: string[];
}

function reportUnknown(reader: Reader, { name, path, keyAt, known }: UnknownKey): void {
  const near = didYouMean(name, known);
  reader.report('app/unknown-key', `"${name}" is not a key of ${path === '' ? 'slipway.yml' : path}`, keyAt, {
    notes: [`allowed: ${known.join(', ')}`],
    help: near === undefined ? 'remove it, or use one of the allowed keys' : `did you mean "${near}"?`,
  });
}

function entriesOf(map: YAMLMap, reader: Reader): { name: string; keyAt: Span; node: Node }[] {
  const seen = new Map<string, Span>();
  const entries = [];
  for (const pair of map.items as Pair<Node, Node | null>[]) {
    const name = isScalar(pair.key) ? String(pair.key.value) : '?';
    const keyAt = reader.span(pair.key);
    const first = seen.get(name);
    if (first) reportTwice(reader, { name, keyAt, first });
    else entries.push({ name, keyAt, node: pair.value ? reader.resolve(pair.value) : pair.key });
    seen.set(name, first ?? keyAt);
  }
  return entries;
}

function reportTwice(reader: Reader, twice: { name: string; keyAt: Span; first: Span }): void {
  const { name, keyAt, first } = twice;
  reader.report('app/duplicate-key', `"${name}" is written twice`, keyAt, {
    notes: [`first written in ${first.file}:${first.start.line}`],
    help: 'keep one of the two',
  });
}
