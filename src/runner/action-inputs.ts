import { CodedError } from '../diagnostics/index.ts';
import type { Scope } from '../expressions/index.ts';
import type { ActionFile, BuiltInAction } from '../workflow/index.ts';
import { text } from './step-definition.ts';

/** Inputs by lower-case name, and what the step's author should know. */
export interface ActionInputs {
  values: Record<string, string>;
  warnings: string[];
}

/**
 * What an action of the repository is given: the step's inputs, and the defaults of those that it leaves out.
 *
 * @param scope - The caller's; defaults may hold expressions.
 * @see https://github.com/actions/runner src/Runner.Worker/ActionRunner.cs
 */
export function localInputs(action: ActionFile, given: Record<string, string>, scope: Scope): ActionInputs {
  const values = lowerKeys(given);
  const warnings: string[] = [];
  const known = new Set<string>();
  for (const [name, definition] of Object.entries(action.inputs)) {
    const key = name.toLowerCase();
    known.add(key);
    const { deprecationMessage, required, default: fallback } = definition;
    if (Object.hasOwn(values, key)) {
      if (deprecationMessage !== undefined)
        warnings.push(`Input '${name}' has been deprecated with message: ${deprecationMessage}`);
    } else {
      if (required && !fallback)
        warnings.push(`Input '${name}' is required by ${action.file}, and not given.`);
      values[key] = text(fallback, scope) ?? '';
    }
  }
  const unexpected = Object.keys(given).filter((name) => !known.has(name.toLowerCase()));
  if (unexpected.length > 0) {
    const valid = Object.keys(action.inputs).join("', '");
    warnings.push(`Unexpected input(s) '${unexpected.join("', '")}', valid inputs are ['${valid}']`);
  }
  return { values, warnings };
}

/**
 * What a built-in action is given. An empty input counts as left out, which is how actions pass on their own.
 *
 * @throws CodedError `runner/action-input` for what this machine does not honour.
 */
export function builtInInputs(action: BuiltInAction, given: Record<string, string>): ActionInputs {
  const present = Object.entries(lowerKeys(given)).filter(([, value]) => value !== '');
  const values = Object.fromEntries(present);
  const rules = lowerKeys(action.inputs);
  const warnings: string[] = [];
  for (const [name, value] of present) {
    const rule = rules[name];
    if (!rule) warnings.push(`Unexpected input(s) '${name}', valid inputs are ['${honoured(action)}']`);
    else if (rule.use === 'refused') throw notHonoured(action, name, value, rule.reason);
    else if (rule.allowed && !rule.allowed.includes(value))
      throw notHonoured(action, name, value, rule.reason ?? `write one of: ${rule.allowed.join(', ')}`);
  }
  for (const [name, rule] of Object.entries(action.inputs)) {
    if (rule.use === 'honoured' && rule.required && !Object.hasOwn(values, name.toLowerCase()))
      throw new CodedError('runner/action-input', `Input required and not supplied: ${name}`);
  }
  return { values, warnings };
}

function honoured(action: BuiltInAction): string {
  const names = Object.entries(action.inputs).filter(([, rule]) => rule.use === 'honoured');
  return names.map(([name]) => name).join("', '");
}

function notHonoured(action: BuiltInAction, name: string, value: string, help: string): CodedError {
  const message = `the input "${name}" of ${action.name} cannot be "${value}" here`;
  return new CodedError('runner/action-input', message, { help });
}

function lowerKeys<T>(inputs: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name.toLowerCase(), value]));
}
