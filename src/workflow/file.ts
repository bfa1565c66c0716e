import {
  checkNames,
  namesUsed,
  parseCondition,
  parseParts,
  splitTemplate,
  type Expression,
  type NamesUsed,
} from '../expressions/index.ts';
import type { Span } from '../diagnostics/index.ts';
import { availability, type Place } from './availability.ts';
import type { WorkflowCode } from './codes.ts';
import { insertKey, type EnvMap, type Refusal, type RunDefaults, type Template } from './model.ts';
import { finding, Reader, type Entry, type Extra, type Keys } from './reader.ts';
import { asText, scalarKind } from './nodes.ts';

/** Whose expression it is: references to steps and needs are judged from there. */
export interface Owner {
  jobId?: string;
  /** Place of the step among the job's steps; absent for the job's own keys. */
  stepIndex?: number;
}

/** What an expression somewhere in the file names, kept until all jobs are known. */
export interface Use {
  owner: Owner;
  names: NamesUsed;
}

/** The file under the reader's hands, with what its expressions name. */
export class WorkflowFile extends Reader {
  readonly uses: Use[] = [];

  /** What GitHub takes and this machine cannot do. */
  readonly refusals: Refusal[] = [];

  /** Notes down that a job, or the whole workflow, cannot run here. */
  refuse(owner: Owner, code: WorkflowCode, message: string, at: Span, extra: Extra = {}): void {
    const { jobId = null, stepIndex } = owner;
    const refused = finding('error', code, message, at, extra);
    this.refusals.push({ jobId, ...(stepIndex !== undefined && { stepIndex }), finding: refused });
  }

  /** Text whose expressions are checked for their place. */
  text(
    entry: Entry | undefined,
    what: string,
    place: Place,
    owner: Owner = {},
    empty: 'allowed' | 'refused' = 'refused',
  ): Template | undefined {
    if (!entry) return undefined;
    return this.checked(this.template(entry.value, what, entry.keyAt, empty), place, owner);
  }

  /** Checks the expressions inside a template and hands it through. */
  checked<T extends Template | undefined>(template: T, place: Place, owner: Owner): T {
    if (!template) return template;
    const parsed = parseParts(splitTemplate(template.text), (from, to) => this.within(template, from, to));
    if (!parsed.ok) this.findings.push(...parsed.findings);
    else
      for (const part of parsed.value)
        if (part.kind === 'expression') this.#use(part.expression, place, owner);
    return template;
  }

  /** An `if`: its expression without `${{ }}`; an empty one is left out, as it means `success()`. */
  condition(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    if (!entry) return undefined;
    const whole = this.template(entry.value, '`if`', entry.keyAt, 'allowed');
    if (!whole || whole.text.trim() === '') return undefined;
    const bare = this.#bare(whole);
    const parsed = parseCondition(bare.text, bare.at);
    if (parsed.ok) {
      if (parsed.value) this.#use(parsed.value, place, owner);
      return bare;
    }
    if (parsed.findings.some(({ code }) => code !== 'expressions/always-true')) {
      this.findings.push(...parsed.findings);
      return bare;
    }
    this.findings.push(...parsed.findings.map((mixed) => ({ ...mixed, severity: 'warning' as const })));
    this.checked(whole, place, owner);
    return { text: asFormat(whole.text), at: whole.at };
  }

  #bare(whole: Template): Template {
    const parts = splitTemplate(whole.text).filter((part) => part.kind !== 'text' || part.text.trim() !== '');
    const [only] = parts;
    if (parts.length === 1 && only?.kind === 'expression' && only.closed) {
      const lead = only.text.length - only.text.trimStart().length;
      const text = only.text.trim();
      return { text, at: this.within(whole, only.from + lead, only.from + lead + text.length) };
    }
    return { text: whole.text.trim(), at: whole.at };
  }

  #use(expression: Expression, place: Place, owner: Owner): void {
    if (place === 'fixedText') {
      const help = 'write it out: GitHub reads it before any expression is evaluated';
      this.error('no-expression', 'this text takes no expressions', expression.at, { help });
      return;
    }
    this.findings.push(...checkNames(expression, availability[place]));
    this.uses.push({ owner, names: namesUsed(expression) });
  }

  /** A number, or text with an expression. */
  number(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    return this.#typed(entry, place, owner, {
      kind: 'number',
      wanted: 'a number',
      example: (text) => (Number.isFinite(Number.parseFloat(text)) ? Number.parseFloat(text) : 10),
    });
  }

  /** A number that means nothing unless it is above zero; GitHub takes others and ignores them. */
  minutes(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    const number = this.number(entry, place, owner);
    if (!entry || !number || number.text.includes('${{') || Number(number.text) > 0) return number;
    const help = 'give it a number above zero, or leave the key out';
    this.report('warning', 'no-effect', `\`${entry.key}: ${number.text}\` sets no limit`, number.at, {
      help,
    });
    return undefined;
  }

  /** `true`, `false`, or text with an expression. */
  flag(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    return this.#typed(entry, place, owner, {
      kind: 'boolean',
      wanted: '`true` or `false`',
      example: (text) => !/^(false|no|off|never|0)$/i.test(text),
    });
  }

  #typed(
    entry: Entry | undefined,
    place: Place,
    owner: Owner,
    type: { kind: 'number' | 'boolean'; wanted: string; example: (text: string) => number | boolean },
  ): Template | undefined {
    const template = this.text(entry, `\`${entry?.key ?? ''}\``, place, owner);
    if (!entry || !template) return undefined;
    if (template.text.includes('${{') || scalarKind(entry.value) === type.kind) return template;
    const or = place === 'fixedText' ? '' : ' or one ${{ }}';
    const message = `\`${entry.key}\` must be ${type.wanted}${or}, and here is "${template.text}"`;
    this.error('wrong-type', message, template.at, {
      help: `write \`${entry.key}: ${type.example(template.text)}\``,
    });
    return undefined;
  }

  /** `env`: names and values. */
  variables(entry: Entry | undefined, what: string, place: Place, owner: Owner): EnvMap {
    const given = this.map(entry, what, { place, owner, dynamic: true });
    for (const { name, nameAt } of given) {
      if (name.includes('${{') || !/[=\p{Cc}]/u.test(name)) continue;
      const help = 'use letters, digits and underscores';
      const message = `"${name}" cannot be the name of an environment variable`;
      this.refuse(owner, 'invalid-name', message, nameAt, { help });
    }
    return this.record(given, owner);
  }

  /**
   * Free names with values whose expressions are checked.
   *
   * @param rules.dynamic - Whether the names may hold expressions, and one expression may stand for them all; it comes
   * out under `insertKey`.
   */
  map(entry: Entry | undefined, what: string, { place, owner, dynamic }: MapRules): Given[] {
    if (!entry) return [];
    const whole = asText(entry.value);
    if (dynamic && whole !== undefined && isOneExpression(whole)) {
      const value = this.text(entry, what, place, owner);
      return value ? [{ name: insertKey, nameAt: entry.keyAt, value }] : [];
    }
    return (this.entries(entry.value, what, entry.keyAt) ?? []).flatMap(({ key, keyAt, value: node }) => {
      const name = this.#name({ text: key, at: keyAt }, what, dynamic ? place : 'fixedText', owner);
      const value = this.template(node, `\`${key}\``, keyAt, 'allowed');
      if (name === undefined || !value) return [];
      return [{ name, nameAt: keyAt, value: this.checked(value, place, owner) }];
    });
  }

  #name(key: Template, what: string, place: Place, owner: Owner): string | undefined {
    if (key.text === '') {
      this.error('invalid-name', `a name in ${what} is empty`, key.at, { help: 'give it a name' });
      return undefined;
    }
    if (place !== 'fixedText' && insertDirective.test(key.text)) return insertKey;
    return this.checked(key, place, owner).text;
  }

  /** Names and values as a record; reports what a record cannot hold. */
  record(given: Given[], owner: Owner): EnvMap {
    const record: EnvMap = {};
    for (const { name, nameAt, value } of given) {
      if (Object.hasOwn(record, name)) {
        const help = 'put both objects into one expression, or write the names out';
        this.refuse(owner, 'not-supported', `\`${name}\` twice in one mapping is not supported yet`, nameAt, {
          help,
        });
      } else define(record, name, value);
    }
    return record;
  }

  /** The fields of an optional mapping whose keys are fixed. */
  optionalFields(entry: Entry | undefined, keys: Keys): Map<string, Entry> {
    return entry
      ? (this.fields(entry.value, keys, entry.keyAt) ?? new Map<string, Entry>())
      : new Map<string, Entry>();
  }

  /** `defaults.run` */
  defaults(entry: Entry | undefined, place: Place, owner: Owner): RunDefaults {
    const outer = this.optionalFields(entry, { of: '`defaults`', known: ['run'] });
    const inner = outer.get('run');
    const whole = inner && asText(inner.value);
    if (inner && whole !== undefined && isOneExpression(whole)) {
      if (this.text(inner, '`defaults.run`', place, owner) && place !== 'fixedText')
        this.#refuseWhole(owner, '`defaults.run`', inner);
      return {};
    }
    const known = ['shell', 'working-directory'];
    const run = this.optionalFields(inner, { of: '`defaults.run`', known });
    const shell = this.text(run.get('shell'), '`shell`', place, owner);
    const workingDirectory = this.text(run.get('working-directory'), '`working-directory`', place, owner);
    return { ...(shell && { shell }), ...(workingDirectory && { workingDirectory }) };
  }

  #refuseWhole(owner: Owner, what: string, { value, keyAt }: Entry): void {
    const help = 'write the keys out, each with its own expression';
    const message = `${what} as one expression is not supported yet`;
    this.refuse(owner, 'not-supported', message, this.at(value, keyAt), { help });
  }

  /** Keys that expressions make where names are fixed: GitHub takes them, this version does not. */
  refusedKey(of: string, place: Place, owner: Owner): (key: Template) => void {
    return (key) => {
      this.checked(key, place, owner);
      const message = `a key of ${of} made by an expression is not supported yet`;
      this.refuse(owner, 'not-supported', message, key.at, { help: 'write the key out' });
    };
  }

  /**
   * A mapping with fixed keys that may also be one expression, which GitHub takes and this version does not: then, and
   * where it is broken, undefined.
   */
  fieldsOrRefusal(entry: Entry, keys: Keys, place: Place, owner: Owner): Map<string, Entry> | undefined {
    const text = asText(entry.value);
    if (text === undefined || !isOneExpression(text)) {
      const dynamic = this.refusedKey(keys.of, place, owner);
      return this.fields(entry.value, { ...keys, dynamic }, entry.keyAt);
    }
    if (this.text(entry, keys.of, place, owner)) this.#refuseWhole(owner, keys.of, entry);
    return undefined;
  }
}

/** How a free mapping is read. */
interface MapRules {
  place: Place;
  owner: Owner;
  dynamic: boolean;
}

/** A name with its value, as written. */
export interface Given {
  name: string;
  nameAt: Span;
  value: Template;
}

const insertDirective = /^\$\{\{\s*insert\s*\}\}$/;

/** Text with expressions in it as one expression, the way GitHub reads a condition that mixes the two. */
function asFormat(text: string): string {
  const parts = splitTemplate(text.trim());
  const args = parts.filter((part) => part.kind === 'expression').map((part) => part.text.trim());
  let index = 0;
  const pattern = parts.map((part) =>
    part.kind === 'expression'
      ? `{${index++}}`
      : part.text.replaceAll("'", "''").replaceAll('{', '{{').replaceAll('}', '}}'),
  );
  return `format('${pattern.join('')}', ${args.join(', ')})`;
}

/** Whether text is one `${{ }}` and nothing else. */
export function isOneExpression(text: string): boolean {
  const parts = splitTemplate(text.trim());
  return parts.length === 1 && parts[0]?.kind === 'expression';
}

/** Sets an own property even where the key is `__proto__`. */
export function define<T>(record: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}
