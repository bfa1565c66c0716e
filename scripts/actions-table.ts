import { builtInActions, type ActionInput, type BuiltInAction } from '../src/workflow/index.ts';

const start = '<!-- actions: written by scripts/write-actions-table.ts -->';
const end = '<!-- /actions -->';

/** The page with its table of built-in actions as the code has it now. Throws when the page has no place for it. */
export function withActionsTable(page: string): string {
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from === -1 || to === -1) throw new Error(`docs/jobs.md has lost "${start}" or "${end}"`);
  return `${page.slice(0, from)}${start}\n\n${table()}\n\n${page.slice(to)}`;
}

function table(): string {
  const rows = Object.values(builtInActions).map((action) => [
    `\`${action.name}\``,
    action.versions.map((version) => `v${version}`).join(', '),
    namesOf(action, (input) => input.use === 'honoured' && input.note === undefined),
    namesOf(action, (input) => input.use === 'honoured' && input.note !== undefined),
    namesOf(action, (input) => input.use === 'refused'),
    action.outputs.map((output) => `\`${output}\``).join(', '),
  ]);
  const head = ['Action', 'Versions', 'Inputs honoured', 'Accepted, no effect', 'Refused', 'Outputs'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function namesOf(action: BuiltInAction, wanted: (input: ActionInput) => boolean): string {
  const inputs = Object.entries(action.inputs).filter(([, input]) => wanted(input));
  return inputs.map(([name, input]) => `\`${name}\`${limits(input)}`).join(', ');
}

function limits(input: ActionInput): string {
  if (input.use === 'refused' || !input.allowed || input.reason === undefined) return '';
  const values = input.allowed.filter((value) => value !== '').map((value) => `\`${value}\``);
  return ` (only ${values.join(' or ')})`;
}
