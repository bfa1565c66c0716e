import { LineCounter, parseDocument, type Document } from 'yaml';
import { didYouMean, type Finding, type Position, type Result, type Span } from '../diagnostics/index.ts';
import { jsonMistake } from './json-mistake.ts';
import type { Flag, FlagDocument, FlagJson } from './model.ts';
import { namedVariants, operationsOf, operators, type Path } from './operators.ts';
import { schemaMistake } from './schema.ts';

const asFlagdShows = 'see https://flagd.dev/reference/flag-definitions/ for what a flag may hold';

/** Reads a document of flags; whatever flagd would refuse, or take and then answer with an error, is a finding. */
export function parseFlags(text: string, file: string): Result<FlagDocument> {
  const reader = new FlagReader(text, file);
  const document = reader.read();
  return document === null
    ? { ok: false, findings: reader.findings }
    : { ok: true, value: document, warnings: [] };
}

class FlagReader {
  readonly findings: Finding[] = [];
  readonly #text: string;
  readonly #file: string;
  readonly #lines = new LineCounter();
  #places: Document | null = null;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  read(): FlagDocument | null {
    // JSON is YAML, whose reader knows where everything stands.
    this.#places = parseDocument(this.#text, { lineCounter: this.#lines, uniqueKeys: true, schema: 'json' });
    const json = this.#json();
    if (json === undefined) return null;
    this.#checkTop(json);
    if (this.findings.length === 0) this.#checkSchema();
    return this.findings.length === 0 ? (json as unknown as FlagDocument) : null;
  }

  #json(): FlagJson | undefined {
    const mistake = jsonMistake(this.#text);
    if (mistake) {
      const at = this.#between(mistake.offset, mistake.offset + 1);
      const help = 'flags are written in JSON: keys and texts in double quotes, no comma after the last';
      this.#say('flags/json', `${this.#file} is not JSON: ${mistake.what}`, { at, help });
      return undefined;
    }
    const twice = this.#places?.errors.find(({ code }) => code === 'DUPLICATE_KEY');
    if (!twice) return JSON.parse(this.#text) as FlagJson;
    // JSON takes it, and loses the first.
    const at = this.#between(...twice.pos);
    this.#say('flags/json', 'a key is written twice', { at, help: 'keep one of the two' });
    return undefined;
  }

  #checkTop(json: FlagJson): void {
    if (!isObject(json)) return this.#shape([], 'a document of flags is an object that holds "flags"');
    const { flags, $evaluators = {} } = json;
    if (!isObject(flags))
      return this.#shape(flags === undefined ? [] : ['flags'], '"flags" must be an object: flags by key');
    if (!isObject($evaluators))
      return this.#shape(['$evaluators'], '"$evaluators" must be an object: rules by name');
    const shared = Object.keys($evaluators);
    for (const [key, flag] of Object.entries(flags)) this.#checkFlag(key, flag, shared);
    for (const [name, rule] of Object.entries($evaluators))
      this.#checkRule(rule, ['$evaluators', name], shared);
  }

  #checkFlag(key: string, flag: FlagJson, shared: readonly string[]): void {
    const path = ['flags', key];
    if (!/^[^\s\p{C}]{1,200}$/u.test(key))
      this.#shape(path, 'the key of a flag is at most 200 letters, without spaces');
    if (!isObject(flag)) return this.#shape(path, `flag "${key}" must be an object`);
    const { state, variants, defaultVariant, targeting = {} } = flag;
    if (state !== 'ENABLED' && state !== 'DISABLED')
      this.#shape(
        'state' in flag ? [...path, 'state'] : path,
        `flag "${key}" needs a "state": "ENABLED" or "DISABLED"`,
      );
    if (!isObject(variants) || Object.keys(variants).length === 0)
      return this.#shape(
        'variants' in flag ? [...path, 'variants'] : path,
        `flag "${key}" needs "variants": at least one value by name`,
      );
    const types = new Set(Object.values(variants).map((value) => typeof value));
    if (types.size > 1)
      this.#shape(
        [...path, 'variants'],
        `the variants of "${key}" must be of one type; these are ${[...types].join(' and ')}`,
      );
    const names = Object.keys(variants);
    if (typeof defaultVariant === 'string')
      this.#checkVariant(defaultVariant, [...path, 'defaultVariant'], { key, names });
    if (!isObject(targeting))
      return this.#shape([...path, 'targeting'], `"targeting" of "${key}" must be an object: a rule`);
    this.#checkRule(targeting, [...path, 'targeting'], shared);
    for (const named of namedVariants(targeting, [...path, 'targeting']))
      this.#checkVariant(named.name, named.path, { key, names });
  }

  #checkVariant(name: string, path: Path, { key, names }: { key: string; names: readonly string[] }): void {
    if (names.includes(name)) return;
    const meant = didYouMean(name, names);
    this.#say('flags/unknown-variant', `flag "${key}" has no variant "${name}"`, {
      at: this.#at(path),
      notes: [`its variants: ${names.map((one) => `"${one}"`).join(', ')}`],
      help: meant === undefined ? 'add it to "variants", or name one of these' : `did you mean "${meant}"?`,
    });
  }

  #checkRule(rule: FlagJson, path: Path, shared: readonly string[]): void {
    for (const operation of operationsOf(rule, path)) {
      const { operator, given } = operation;
      if (!operators.includes(operator))
        this.#unknown('operator', operator, { path: operation.path, known: operators });
      const [name] = given;
      if (operator === '$ref' && typeof name === 'string' && !shared.includes(name))
        this.#unknown('evaluator', name, { path: operation.path, known: shared });
    }
  }

  #unknown(
    what: 'operator' | 'evaluator',
    name: string,
    { path, known }: { path: Path; known: readonly string[] },
  ): void {
    const meant = didYouMean(name, known);
    const message =
      what === 'operator' ? `flagd knows no operator "${name}"` : `there is no "${name}" in "$evaluators"`;
    const fallback = what === 'operator' ? asFlagdShows : 'add it there, or mend the name';
    this.#say(what === 'operator' ? 'flags/unknown-operator' : 'flags/unknown-evaluator', message, {
      at: this.#at(path),
      help: meant === undefined ? fallback : `did you mean "${meant}"?`,
    });
  }

  /** What is left is for flagd's own schema. */
  #checkSchema(): void {
    const mistake = schemaMistake(this.#text);
    if (mistake) this.#shape(mistake.path, mistake.message);
  }

  #shape(path: Path, message: string): void {
    this.#say('flags/shape', message, { at: this.#at(path), help: asFlagdShows });
  }

  #say(
    code: string,
    message: string,
    { at, notes = [], help }: { at: Span; notes?: string[]; help: string },
  ): void {
    this.findings.push({ code, severity: 'error', message, at, notes, help });
  }

  /** The deepest part of the path that stands in the file. */
  #at(path: Path): Span {
    for (let length = path.length; length > 0; length--) {
      const node = this.#places?.getIn(path.slice(0, length), true) as
        { range?: [number, number, number] } | undefined;
      if (node?.range) return this.#between(node.range[0], node.range[1]);
    }
    return this.#between(0, 1);
  }

  #between(from: number, to: number): Span {
    return { file: this.#file, start: this.#position(from), end: this.#position(Math.max(to, from + 1)) };
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.#text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

function isObject(
  value: FlagJson | undefined,
): value is Record<string, FlagJson> & Partial<Record<keyof Flag, FlagJson>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
