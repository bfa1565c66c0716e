import { meant } from '../meant.ts';
import type { ActionFile, EnvMap, Step } from '../model.ts';
import { localPath, report, type LintContext, type StepRule } from './rule.ts';
import { referencesIn } from './texts.ts';

type UsesStep = Extract<Step, { kind: 'uses' }>;

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const quoted = (names: string[]) => names.map((name) => `"${name}"`).join(', ') || 'none';
const isLocal = (step: Step): step is UsesStep =>
  step.kind === 'uses' && localPath(step.uses.text) !== undefined;

/** The names a `with` gives, without those that only evaluation can tell. */
export function givenNames(given: EnvMap): string[] {
  return Object.keys(given).filter((name) => !name.includes('${{'));
}

/** Inputs that an action of the repository does not have, lacks, or wants no more. */
export const localActionInputs: StepRule = ({ steps }, context) =>
  steps.filter(isLocal).flatMap((step) => {
    const action = context.repository.action(localPath(step.uses.text) ?? '');
    if (action === undefined) return [];
    if (action === null) {
      const help =
        'mend the path, which begins at the root of the repository; or check out or build the action before';
      const message = `there is no action.yml in "${step.uses.text}"`;
      return [report('warning', 'unknown-action', message, step.uses.at, { help })];
    }
    return [...unknownOrDeprecated(step, action), ...missing(step, action)];
  });

function unknownOrDeprecated(step: UsesStep, action: ActionFile) {
  const declared = Object.keys(action.inputs);
  return givenNames(step.with).flatMap((name) => {
    const at = step.with[name]?.at ?? step.uses.at;
    const known = declared.find((candidate) => same(candidate, name));
    if (known === undefined) {
      const notes = [`its inputs: ${quoted(declared)}`];
      const help = meant(name, declared) ?? 'remove it, or declare it in the action';
      return [
        report('warning', 'unknown-input', `the action ${action.name} has no input "${name}"`, at, {
          notes,
          help,
        }),
      ];
    }
    const deprecated = action.inputs[known]?.deprecationMessage;
    if (deprecated === undefined) return [];
    const message = `the input "${name}" of ${action.name} is deprecated: ${deprecated}`;
    return [report('warning', 'deprecated-input', message, at, { help: 'follow what it says' })];
  });
}

function missing(step: UsesStep, action: ActionFile) {
  const given = givenNames(step.with);
  if (given.length < Object.keys(step.with).length) return [];
  return Object.entries(action.inputs).flatMap(([name, { required, default: fallback }]) => {
    if (!required || fallback || given.some((other) => same(other, name))) return [];
    const help = `add \`with: { ${name}: … }\``;
    return [
      report(
        'warning',
        'missing-input',
        `the action ${action.name} needs the input "${name}"`,
        step.uses.at,
        { help },
      ),
    ];
  });
}

/** Outputs that an action of the repository does not declare. */
export const localActionOutputs: StepRule = (group, context) => {
  const part = group.job ? { ...group.job, steps: group.steps } : { steps: group.steps };
  return referencesIn(part, context.source).flatMap(({ context: root, path, keysAt, at }) => {
    const [id, property, name] = path;
    if (root !== 'steps' || id === null || id === undefined || name === null || name === undefined) return [];
    const action = actionOf(group.steps, id, context);
    if (!action || property?.toLowerCase() !== 'outputs') return [];
    const declared = Object.keys(action.outputs);
    if (declared.some((known) => same(known, name))) return [];
    const notes = [`its outputs: ${quoted(declared)}`];
    const message = `the action ${action.name} declares no output "${name}"${action.runs.kind === 'composite' ? ', so this is always empty' : ''}`;
    const help = meant(name, declared) ?? 'declare it under `outputs:` of the action';
    return [report('warning', 'unknown-output', message, keysAt[2] ?? at, { notes, help })];
  });
};

function actionOf(steps: Step[], id: string, { repository }: LintContext): ActionFile | null | undefined {
  const step = steps.find((one) => one.id !== undefined && same(one.id, id));
  return step && isLocal(step) ? repository.action(localPath(step.uses.text) ?? '') : undefined;
}
