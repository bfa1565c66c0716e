import type { Finding } from '../../diagnostics/index.ts';
import { meant } from '../meant.ts';
import type { ActionFile } from '../model.ts';
import { report } from './rule.ts';
import { referencesIn } from './texts.ts';

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const quoted = (names: string[]) => names.map((name) => `"${name}"`).join(', ') || 'none';

/** Inputs and steps that the expressions of a composite action name and the action does not have. */
export function actionReferences(action: ActionFile, source: string): Finding[] {
  if (action.runs.kind !== 'composite') return [];
  const inputs = Object.keys(action.inputs);
  const ids = action.runs.steps.flatMap(({ id }) => id ?? []);
  const named = referencesIn({ steps: action.runs.steps, outputs: action.outputs }, source);
  return named.flatMap(({ context, path: [name], keysAt, at }) => {
    if (name === null || name === undefined) return [];
    const place = keysAt[0] ?? at;
    if (context === 'inputs' && !inputs.some((known) => same(known, name))) {
      const notes = [`inputs declared: ${quoted(inputs)}`];
      const help = meant(name, inputs) ?? 'declare it under `inputs:`';
      const message = `this action declares no input "${name}", so this is always empty`;
      return [report('warning', 'unknown-input', message, place, { notes, help })];
    }
    if (context === 'steps' && !ids.some((known) => same(known, name))) {
      const notes = [`step ids in this action: ${quoted(ids)}`];
      const help = meant(name, ids) ?? 'give the step an `id:`';
      return [
        report('warning', 'unknown-step', `this action has no step with the id "${name}"`, place, {
          notes,
          help,
        }),
      ];
    }
    return [];
  });
}
