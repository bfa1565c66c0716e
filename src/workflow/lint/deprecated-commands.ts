import type { Template } from '../model.ts';
import { report, type StepGroup, type StepRule } from './rule.ts';
import { placeIn } from './texts.ts';

/** Commands on standard output that files have taken the place of. */
const commands: Readonly<Record<string, { file: string; line: string; refused: boolean }>> = {
  'set-output': { file: 'GITHUB_OUTPUT', line: 'name=value', refused: false },
  'save-state': { file: 'GITHUB_STATE', line: 'name=value', refused: false },
  'set-env': { file: 'GITHUB_ENV', line: 'NAME=value', refused: true },
  'add-path': { file: 'GITHUB_PATH', line: 'folder', refused: true },
};

const allowing = 'ACTIONS_ALLOW_UNSECURE_COMMANDS';

/** A script prints a command that is deprecated, or that the runner refuses. */
export const deprecatedCommands: StepRule = (group, { source }) =>
  group.steps.flatMap((step) => {
    if (step.kind !== 'run') return [];
    const text = step.run.text;
    return [...text.matchAll(/::(set-output|save-state|set-env|add-path)(?: [^\n:]*)?::/g)].flatMap(
      (match) => {
        const name = match[1] ?? '';
        const command = commands[name];
        if (!command || inComment(text, match.index)) return [];
        const at = placeIn(step.run, match.index, match.index + match[0].length, source);
        const help = `write \`echo "${command.line}" >> "$${command.file}"\``;
        if (!command.refused)
          return [
            report('warning', 'deprecated-command', `the command \`::${name}::\` is deprecated`, at, {
              help,
            }),
          ];
        if (isAllowed(group, step.env)) return [];
        const message = `the runner refuses the command \`::${name}::\`, and the step fails`;
        return [report('error', 'deprecated-command', message, at, { help })];
      },
    );
  });

function inComment(text: string, index: number): boolean {
  return text
    .slice(text.lastIndexOf('\n', index) + 1, index)
    .trimStart()
    .startsWith('#');
}

function isAllowed({ env }: StepGroup, own: Record<string, Template>): boolean {
  return [own, ...env].some((variables) => Object.hasOwn(variables, allowing));
}
