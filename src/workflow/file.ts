import type { Node } from 'yaml';
import {
  checkNames,
  namesUsed,
  parseCondition,
  parseParts,
  splitTemplate,
  type Expression,
  type NamesUsed,
} from '../expressions/index.ts';
import { availability, type Place } from './availability.ts';
import type { EnvMap, Template } from './model.ts';
import type { Entry, Keys } from './reader.ts';
import { Reader } from './reader.ts';

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

  /** Text whose expressions are checked for their place. */
  text(entry: Entry | undefined, what: string, place: Place, owner: Owner = {}): Template | undefined {
    if (!entry) return undefined;
    return this.checked(this.template(entry.value, what, entry.keyAt), place, owner);
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

  /** An `if`: its expression without `${{ }}`. */
  condition(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    if (!entry) return undefined;
    const whole = this.template(entry.value, '`if`', entry.keyAt);
    if (!whole) return undefined;
    const bare = this.#bare(whole);
    const parsed = parseCondition(bare.text, bare.at);
    if (!parsed.ok) this.findings.push(...parsed.findings);
    else if (parsed.value) this.#use(parsed.value, place, owner);
    return bare;
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

  /** A number above zero, or one expression. */
  positive(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    return this.#typed(entry, place, owner, {
      test: (text) => Number.isFinite(Number(text)) && Number(text) > 0,
      wanted: 'a number above zero',
      example: '10',
    });
  }

  /** `true`, `false`, or one expression. */
  flag(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    return this.#typed(entry, place, owner, {
      test: (text) => text === 'true' || text === 'false',
      wanted: '`true` or `false`',
      example: 'true',
    });
  }

  #typed(
    entry: Entry | undefined,
    place: Place,
    owner: Owner,
    type: { test: (text: string) => boolean; wanted: string; example: string },
  ): Template | undefined {
    const template = this.text(entry, `\`${entry?.key ?? ''}\``, place, owner);
    if (!entry || !template) return undefined;
    if (isOneExpression(template.text) || type.test(template.text)) return template;
    const message = `\`${entry.key}\` must be ${type.wanted} or one \${{ }}, and here is "${template.text}"`;
    this.error('wrong-type', message, template.at, { help: `write \`${entry.key}: ${type.example}\`` });
    return undefined;
  }

  /** `env`: names and values. */
  env(entry: Entry | undefined, what: string, place: Place, owner: Owner = {}): EnvMap {
    const env: EnvMap = {};
    for (const { key, keyAt, value } of this.map(entry, what)) {
      if (!/^[^\s=\p{Cc}]+$/u.test(key)) {
        const help = 'use letters, digits and underscores';
        this.error('invalid-name', `"${key}" cannot be the name of an environment variable`, keyAt, { help });
        continue;
      }
      const template = this.template(value, `\`${key}\``, keyAt, 'allowed');
      if (template) define(env, key, this.checked(template, place, owner));
    }
    return env;
  }

  /** The entries of an optional mapping whose keys are free; one expression in place of it is refused. */
  map(entry: Entry | undefined, what: string): Entry[] {
    if (!entry) return [];
    const text = this.asText(entry.value);
    if (text !== undefined && isOneExpression(text)) {
      const help = 'write the names out, each with its own expression';
      this.error(
        'not-supported',
        `${what} as one expression is not supported yet`,
        this.at(entry.value, entry.keyAt),
        {
          help,
        },
      );
      return [];
    }
    return this.entries(entry.value, what, entry.keyAt) ?? [];
  }

  /** The fields of an optional mapping whose keys are fixed. */
  optionalFields(entry: Entry | undefined, keys: Keys): Map<string, Entry> {
    return entry
      ? (this.fields(entry.value, keys, entry.keyAt) ?? new Map<string, Entry>())
      : new Map<string, Entry>();
  }

  /** The text of a scalar, without reporting anything. */
  asText(node: Node | null): string | undefined {
    const scalar = node as { value?: unknown } | null;
    return typeof scalar?.value === 'string' ? scalar.value : undefined;
  }

  /** `defaults.run` */
  defaults(
    entry: Entry | undefined,
    place: Place,
    owner: Owner,
  ): { shell?: Template; workingDirectory?: Template } {
    const outer = this.optionalFields(entry, { of: '`defaults`', known: ['run'] });
    const run = this.optionalFields(outer.get('run'), {
      of: '`defaults.run`',
      known: ['shell', 'working-directory'],
    });
    const shell = this.shell(run.get('shell'), place, owner);
    const workingDirectory = this.text(run.get('working-directory'), '`working-directory`', place, owner);
    return { ...(shell && { shell }), ...(workingDirectory && { workingDirectory }) };
  }

  /** `shell`: bash or sh, or an expression where its place takes one. */
  shell(entry: Entry | undefined, place: Place, owner: Owner): Template | undefined {
    const shell = this.text(entry, '`shell`', place, owner);
    if (!shell || shell.text.includes('${{') || shell.text === 'bash' || shell.text === 'sh') return shell;
    this.error('not-supported', `the shell "${shell.text}" is not supported yet`, shell.at, {
      notes: ['shells: bash, sh'],
      help: 'call the interpreter inside the script, such as `python script.py`',
    });
    return undefined;
  }
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
