import { CodedError } from '../diagnostics/index.ts';
import {
  coerceToNumber,
  coerceToString,
  evaluateCondition,
  evaluateTemplate,
  evaluateTemplateToString,
  ObjectValue,
} from '../expressions/index.ts';
import type { Scope, Value } from '../expressions/index.ts';
import { insertKey, type EnvMap, type Step, type Template } from '../workflow/index.ts';

/** Longer timeouts than a timer can hold mean none. */
const longestTimerMs = 2 ** 31 - 1;

/** Whether a step's `if` lets it run; without one it means `success()`. */
export function isDue(step: Step, scope: Scope): boolean {
  return step.if ? evaluateCondition(step.if.text, step.if.at, scope) : (scope.status?.success() ?? true);
}

/** Text of a template, or undefined where there is none. */
export function text(template: Template | undefined, scope: Scope): string | undefined {
  return template && evaluateTemplateToString(template.text, template.at, scope);
}

/**
 * Evaluates a map of variables or inputs; its members do not see each other. Names may be expressions too, and a whole
 * object may be inserted.
 *
 * @throws CodedError `runner/not-a-map` when what is inserted is no object.
 */
export function evaluateEnv(env: EnvMap, scope: Scope): Record<string, string> {
  const entries = Object.entries(env).flatMap(([name, { text, at }]): [string, string][] => {
    if (name === insertKey) return inserted(evaluateTemplate(text, at, scope), text);
    const key = name.includes('${{') ? evaluateTemplateToString(name, at, scope) : name;
    return [[key, evaluateTemplateToString(text, at, scope)]];
  });
  return Object.fromEntries(entries);
}

/** Nothing at all inserts nothing. */
function inserted(value: Value, text: string): [string, string][] {
  if (value === null || value === '') return [];
  if (value instanceof ObjectValue)
    return value.entries().map(([name, member]) => [name, coerceToString(member)]);
  throw new CodedError('runner/not-a-map', `${text} is not an object of names and values`);
}

/** `timeout-minutes` in milliseconds; null where there is none. */
export function timeoutMs(template: Template | undefined, scope: Scope): number | null {
  if (!template) return null;
  const minutes = coerceToNumber(evaluateTemplate(template.text, template.at, scope));
  const milliseconds = minutes * 60_000;
  return milliseconds > 0 && milliseconds <= longestTimerMs ? milliseconds : null;
}

/** A template that means yes or no; no where there is none. */
export function isTrue(template: Template | undefined, scope: Scope): boolean {
  if (!template) return false;
  const value = evaluateTemplate(template.text, template.at, scope);
  return value === true || value === 'true';
}

/** What a step is called once its expressions can be evaluated. */
export function stepName(step: Step, scope: Scope): string {
  if (step.name) return text(step.name, scope) ?? '';
  return step.kind === 'run' ? runName(text(step.run, scope) ?? '') : defaultStepName(step);
}

/** What a step is called while its name cannot be evaluated, as GitHub words it. */
export function defaultStepName(step: Step): string {
  if (step.name) return step.name.text;
  if (step.kind === 'uses') return `Run ${step.uses.text}`;
  if (step.kind === 'run') return runName(step.run.text);
  return step.kind === 'wait' ? 'Wait for background steps' : 'Cancel a background step';
}

function runName(script: string): string {
  const [firstLine = ''] = script.trim().split('\n');
  return `Run ${firstLine}`;
}

/** `github.action` of each step: its id, or `__run`, `__run_2`, `__self`, `__actions_checkout`. */
export function actionNames(steps: readonly Step[]): string[] {
  const seen = new Map<string, number>();
  return steps.map((step) => {
    if (step.id !== undefined) return step.id;
    const plain = `__${plainName(step).replaceAll(/[^\w-]/g, '_')}`;
    const count = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, count);
    return count === 1 ? plain : `${plain}_${count}`;
  });
}

function plainName(step: Step): string {
  if (step.kind !== 'uses') return step.kind;
  if (isLocalAction(step.uses.text)) return 'self';
  const [path = ''] = step.uses.text.split('@');
  return path.split('/').slice(0, 2).join('/');
}

/** Whether `uses` names an action of the repository itself: `./path`, or `$/path` where GitHub would not need a checkout. */
export function isLocalAction(uses: string): boolean {
  return uses.startsWith('./') || uses.startsWith('$/');
}

/** `github.action_repository` and `github.action_ref`: empty for scripts and for actions of the repository itself. */
export function actionOrigin(step: Step): Record<string, string> {
  const [repository = '', ref = ''] =
    step.kind === 'uses' && !isLocalAction(step.uses.text) ? step.uses.text.split('@') : [];
  return { action_repository: repository, action_ref: ref };
}
