import { didYouMean, unreachable, type Finding, type Result, type Span } from '../diagnostics/index.ts';
import { coerceToString } from '../expressions/index.ts';
import type { InputDefinition, Json, Template } from './model.ts';

/** Who gives the inputs: a person who starts the workflow, or a job that calls it. */
export type InputsFrom =
  | { kind: 'dispatch' }
  | {
      kind: 'call';
      /** Where the call stands, for its findings. */
      at?: Span;
      /** Evaluates a default, which may use the contexts `github`, `inputs` and `vars`. */
      evaluate: (template: Template) => Json;
    };

/**
 * The context `inputs` of a started workflow: what was given, converted to the declared types, and the defaults.
 *
 * A boolean becomes true or false, a number a number, everything else text; an optional one that is not given and has no
 * default becomes false, 0 or ''. Names are compared without regard to case, and come out as declared.
 *
 * @param given - By name; from a person these are texts, from a call what its expressions gave.
 * @returns Findings for each input that is unknown, missing, of another type, or none of the options; never throws
 *   unless `evaluate` does.
 */
export function resolveInputs(
  definitions: Readonly<Record<string, InputDefinition>>,
  given: Readonly<Record<string, unknown>>,
  from: InputsFrom,
): Result<Record<string, Json>> {
  const findings = unknownInputs(Object.keys(definitions), Object.keys(given), from);
  const values: [string, Json][] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    const found = Object.entries(given).find(([key]) => same(key, name))?.[1];
    const resolved = isNothing(found, definition, from)
      ? missing(name, definition, from)
      : convert(name, definition, found, from);
    if (resolved.ok) values.push([name, resolved.value]);
    else findings.push(...resolved.findings);
  }
  if (findings.length > 0) return { ok: false, findings };
  return { ok: true, value: Object.fromEntries(values), warnings: [] };
}

/** `github.event.inputs` of a dispatch: the same inputs, all of them text. */
export function inputTexts(inputs: Readonly<Record<string, Json>>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, text(value)]));
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const text = (value: Json) =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : coerceToString(value);

/** From a person, an empty text for what must be given is no answer. */
function isNothing(value: unknown, { required }: InputDefinition, { kind }: InputsFrom): boolean {
  return value === undefined || value === null || (kind === 'dispatch' && required && value === '');
}

function unknownInputs(declared: string[], given: string[], from: InputsFrom): Finding[] {
  return given
    .filter((name) => !declared.some((other) => same(other, name)))
    .map((name) => {
      const near = didYouMean(name, declared);
      const notes = [declared.length > 0 ? `its inputs: ${declared.join(', ')}` : 'it has no inputs'];
      const help = near === undefined ? 'remove it' : `did you mean "${near}"?`;
      return finding('unknown-input', `the workflow has no input "${name}"`, { notes, help, from });
    });
}

function missing(name: string, definition: InputDefinition, from: InputsFrom): Result<Json> {
  const fallback = definition.default;
  // GitHub wants a required input from a caller even where it has a default.
  if (definition.required && (from.kind === 'call' || fallback === undefined || fallback.text === '')) {
    const help =
      from.kind === 'call'
        ? `add \`${name}:\` under \`with:\``
        : `add --input ${name}=${example(definition)}`;
    const notes = definition.description === undefined ? [] : [`${name}: ${definition.description}`];
    return wrong('missing-input', `the workflow needs the input "${name}"`, { notes, help, from });
  }
  if (fallback === undefined || fallback.text === '') return found(emptyOf(definition));
  if (from.kind === 'dispatch') return convert(name, definition, fallback.text, from);
  return convert(name, definition, from.evaluate(fallback), from);
}

function emptyOf({ type }: InputDefinition): Json {
  if (type === 'boolean') return false;
  return type === 'number' ? 0 : '';
}

function example({ type, options }: InputDefinition): string {
  if (type === 'boolean') return 'true';
  if (type === 'number') return '1';
  return type === 'choice' ? (options?.[0] ?? '') : '…';
}

function convert(name: string, definition: InputDefinition, given: unknown, from: InputsFrom): Result<Json> {
  const value = given as Json;
  const mismatch = (wanted: string) =>
    wrong('invalid-value', `the input "${name}" must be ${wanted}, and here is ${shown(value)}`, {
      help:
        from.kind === 'call'
          ? `change \`${name}:\` under \`with:\``
          : `such as --input ${name}=${example(definition)}`,
      from,
    });
  if (typeof value === 'object') return mismatch('a single value');
  const { type } = definition;
  switch (type) {
    case 'boolean': {
      const word = text(value).toLowerCase();
      return word === 'true' || word === 'false' ? found(word === 'true') : mismatch('true or false');
    }
    case 'number': {
      const words = text(value).trim();
      const number = typeof value === 'boolean' ? NaN : Number(words);
      return Number.isFinite(number) && words !== '' ? found(number) : mismatch('a number');
    }
    case 'choice': {
      const options = definition.options ?? [];
      return options.includes(text(value)) ? found(text(value)) : mismatch(`one of ${options.join(', ')}`);
    }
    case 'string':
    case 'environment':
      return found(text(value));
    default:
      return unreachable(type);
  }
}

const shown = (value: Json) => (typeof value === 'string' ? `"${value}"` : JSON.stringify(value));
const found = (value: Json): Result<Json> => ({ ok: true, value, warnings: [] });

interface Extra {
  notes?: string[];
  help: string;
  from: InputsFrom;
}

function wrong(code: string, message: string, extra: Extra): Result<Json> {
  return { ok: false, findings: [finding(code, message, extra)] };
}

function finding(code: string, message: string, { notes = [], help, from }: Extra): Finding {
  const at = from.kind === 'call' && from.at ? { at: from.at } : {};
  return { code: `workflow/${code}`, severity: 'error', message, notes, help, ...at };
}
