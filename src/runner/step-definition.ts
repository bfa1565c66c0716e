import {
  coerceToNumber,
  evaluateCondition,
  evaluateTemplate,
  evaluateTemplateToString,
} from '../expressions/index.ts';
import type { Scope } from '../expressions/index.ts';
import type { EnvMap, Step, Template } from '../workflow/index.ts';

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

/** Evaluates variables; they do not see each other. */
export function evaluateEnv(env: EnvMap, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, { text, at }]) => [name, evaluateTemplateToString(text, at, scope)]),
  );
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

/** `github.action` of each step: its id, or `__run`, `__run_2`, `__actions_checkout`. */
export function actionNames(steps: readonly Step[]): string[] {
  const seen = new Map<string, number>();
  return steps.map((step) => {
    if (step.id !== undefined) return step.id;
    const plain =
      step.kind !== 'uses'
        ? `__${step.kind}`
        : `__${(step.uses.text.split('@')[0] ?? '').replaceAll(/[^\w]+/g, '_')}`;
    const count = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, count);
    return count === 1 ? plain : `${plain}_${count}`;
  });
}
