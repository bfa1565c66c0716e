import { didYouMean, type Span } from '../diagnostics/index.ts';
import { builtInAction, builtInActions, type ActionInput, type BuiltInAction } from './actions.ts';
import type { WorkflowFile } from './file.ts';
import type { Template } from './model.ts';

/** Actions with the newest version of each, for messages. */
const usable = Object.values(builtInActions)
  .map(({ name, versions }) => `${name}@v${versions.at(-1)}`)
  .join(', ');
const notes = [`actions here: ${usable}`];

/** Judges `uses` and finds its built-in action; reports why there is none. */
export function checkUses(file: WorkflowFile, uses: Template): BuiltInAction | undefined {
  const { text, at } = uses;
  const found = builtInAction(text);
  if (found) return found.action;
  if (text.includes('${{')) return undefined;
  if (/^\.{1,2}\//.test(text)) {
    const help = 'put the commands into a `run:` step, or into a script that both call';
    file.error('not-supported', `the local action "${text}" is not supported yet`, at, { notes, help });
  } else if (text.startsWith('docker://')) {
    const help = 'run the tool in a `run:` step';
    file.error('not-supported', `the container action "${text}" is not supported yet`, at, { notes, help });
  } else if (!text.includes('@')) {
    const help = 'write owner/name@version, such as actions/checkout@v4';
    file.error('unknown-action', `"${text}" names no version of an action`, at, { notes, help });
  } else {
    refuseAction(file, text, at);
  }
  return undefined;
}

function refuseAction(file: WorkflowFile, text: string, at: Span): void {
  const [name = '', version = ''] = text.split('@');
  const key = name.toLowerCase();
  const action = Object.hasOwn(builtInActions, key) ? builtInActions[key] : undefined;
  if (action) {
    const majors = action.versions.map((major) => `v${major}`).join(', ');
    const isCommit = /^[0-9a-f]{40}$/i.test(version);
    const message = isCommit
      ? `${action.name} is built in, and a commit does not say which of its versions is meant`
      : `${action.name} is built in, but not as version "${version}"`;
    const help = `write ${action.name}@v${action.versions.at(-1)}`;
    file.error('unknown-action', message, at, { notes: [`versions of ${action.name}: ${majors}`], help });
    return;
  }
  const near = nearAction(name);
  file.error('not-supported', `the action "${text}" is not supported yet`, at, {
    notes,
    help:
      near === undefined
        ? 'do what it does in a `run:` step'
        : `did you mean ${near.name}@v${near.versions.at(-1)}? If not, do what it does in a \`run:\` step`,
  });
}

/** By what follows the owner: `actions/` alone would make every action resemble every other. */
function nearAction(name: string): BuiltInAction | undefined {
  const bare = (full: string) => full.split('/')[1] ?? full;
  const all = Object.values(builtInActions);
  const near = didYouMean(
    bare(name),
    all.map((action) => bare(action.name)),
  );
  return all.find((action) => bare(action.name) === near);
}

/** An input as written. */
export interface GivenInput {
  name: string;
  nameAt: Span;
  value: Template;
}

/** Judges the inputs of a built-in action: all known, all honoured, none missing. */
export function checkInputs(
  file: WorkflowFile,
  action: BuiltInAction,
  given: GivenInput[],
  usesAt: Span,
): void {
  for (const input of given) checkInput(file, action, input);
  const has = (name: string) => given.some((input) => input.name.toLowerCase() === name.toLowerCase());
  for (const [name, rule] of Object.entries(action.inputs)) {
    if (rule.use === 'honoured' && rule.required && !has(name)) {
      const help = `add \`${name}:\` under \`with:\``;
      file.error('missing-input', `${action.name} needs the input "${name}"`, usesAt, { help });
    }
  }
  if (action.oneOf && !action.oneOf.some(has)) {
    const wanted = action.oneOf.map((name) => `"${name}"`).join(' or ');
    file.error('missing-input', `${action.name} needs the input ${wanted}`, usesAt, {
      help: `add \`${action.oneOf[0]}:\` under \`with:\`; no version is assumed`,
    });
  }
}

function checkInput(file: WorkflowFile, action: BuiltInAction, { name, nameAt, value }: GivenInput): void {
  const known = Object.keys(action.inputs);
  const spelling = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  const rule = spelling === undefined ? undefined : action.inputs[spelling];
  if (!rule) {
    const near = didYouMean(name, known);
    file.error('unknown-input', `${action.name} has no input "${name}"`, nameAt, {
      notes: [`inputs honoured here: ${honouredInputs(action)}`],
      help: near === undefined ? undefined : `did you mean "${near}"?`,
    });
  } else if (rule.use === 'refused') {
    file.error('not-supported', `the input "${name}" of ${action.name} is not supported yet`, nameAt, {
      help: rule.reason,
    });
  } else {
    checkValue(file, action, name, rule, value);
    if (rule.note !== undefined) {
      file.report(
        'note',
        'no-effect',
        `"${name}" of ${action.name} has no effect here: ${rule.note}`,
        nameAt,
      );
    }
  }
}

function checkValue(
  file: WorkflowFile,
  action: BuiltInAction,
  name: string,
  rule: Extract<ActionInput, { use: 'honoured' }>,
  value: Template,
): void {
  const { allowed, reason } = rule;
  if (!allowed || allowed.includes(value.text)) return;
  const hasExpression = value.text.includes('${{');
  // Where every value that the action knows is honoured, an expression can be judged when the step runs.
  if (hasExpression && reason === undefined) return;
  const shown = allowed.filter((text) => text !== '').join(', ');
  const message = `"${name}" of ${action.name} cannot be ${hasExpression ? 'an expression' : `"${value.text}"`} here`;
  const extra = reason === undefined ? {} : { help: reason };
  file.error('not-supported', message, value.at, { notes: [`values honoured: ${shown}`], ...extra });
}

function honouredInputs(action: BuiltInAction): string {
  return Object.entries(action.inputs)
    .filter(([, rule]) => rule.use === 'honoured')
    .map(([name]) => name)
    .join(', ');
}
