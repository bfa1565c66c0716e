import { CodedError } from '../diagnostics/index.ts';
import { coerceToString, evaluateTemplate, fromJson, toJson } from '../expressions/index.ts';
import type { Scope } from '../expressions/index.ts';
import type { InputDefinition, Json } from '../workflow/index.ts';

/**
 * The `inputs` of a called workflow, typed as it declares them.
 *
 * @throws CodedError for values that are missing, not declared, or of another type.
 */
export function resolveCallInputs(
  definitions: Record<string, InputDefinition>,
  given: Record<string, Json>,
  defaults: Scope,
): Record<string, Json> {
  const named = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const known = Object.keys(definitions).map((name) => name.toLowerCase());
  const unknown = Object.keys(given).find((name) => !known.includes(name.toLowerCase()));
  if (unknown !== undefined) throw mistake(`input "${unknown}" is not declared by the called workflow`);
  const entries = Object.entries(definitions).map(([name, definition]): [string, Json] => {
    const value = named.get(name.toLowerCase());
    if (value !== undefined) return [name, typed(name, definition, value)];
    if (definition.required) throw mistake(`input "${name}" is required and not given`);
    const preset = definition.default;
    return [
      name,
      preset
        ? typed(name, definition, toJson(evaluateTemplate(preset.text, preset.at, defaults)))
        : empty[definition.type],
    ];
  });
  return Object.fromEntries(entries);
}

const empty: Record<InputDefinition['type'], Json> = {
  string: '',
  boolean: false,
  number: 0,
  choice: '',
  environment: '',
};

function typed(name: string, { type }: InputDefinition, value: Json): Json {
  if (type === 'boolean') {
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false' || value === '' || value === null) return false;
    throw mistake(`input "${name}" must be true or false`);
  }
  if (type === 'number') {
    const number = Number(value ?? 0);
    if (typeof value === 'object' || Number.isNaN(number)) throw mistake(`input "${name}" must be a number`);
    return number;
  }
  return coerceToString(fromJson(value));
}

function mistake(message: string): CodedError {
  return new CodedError('runs/bad-input', message);
}
