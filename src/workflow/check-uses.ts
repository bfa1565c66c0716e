import { didYouMean, type Span } from '../diagnostics/index.ts';
import { builtInAction, builtInActions, type ActionInput, type BuiltInAction } from './actions.ts';
import type { Given, Owner, WorkflowFile } from './file.ts';
import { meant } from './meant.ts';
import type { Template } from './model.ts';

/** Actions with the newest version of each, for messages. */
const usable = Object.values(builtInActions)
  .map(({ name, versions }) => `${name}@v${versions.at(-1)}`)
  .join(', ');
const notes = [`actions here: ${usable}`];

/** Judges `uses` of a step and finds its built-in action; says why there is none, and nothing of local actions. */
export function checkUses(file: WorkflowFile, uses: Template, owner: Owner): BuiltInAction | undefined {
  const { text, at } = uses;
  if (text.includes('${{') || isLocal(text)) return undefined;
  if (text.startsWith('docker://')) {
    const help = 'run the tool in a `run:` step';
    const message = `the container action "${text}" is not supported yet`;
    file.refuse(owner, 'not-supported', message, at, { notes, help });
    return undefined;
  }
  if (!checkForm(file, uses)) return undefined;
  const found = builtInAction(text);
  if (!found) refuseAction(file, text, at, owner);
  return found?.action;
}

/** Actions of the repository itself: `./path` below the workspace, `$/path` in the commit of the workflow. */
function isLocal(uses: string): boolean {
  return uses.startsWith('./') || uses.startsWith('$/');
}

/** `owner/name@version`, perhaps with a path behind the name. */
function checkForm(file: WorkflowFile, { text, at }: Template): boolean {
  const [name = '', version = '', ...rest] = text.split('@');
  const segments = name.split('/').filter((segment) => segment !== '');
  const help = 'write owner/name@version, such as actions/checkout@v4';
  if (name.startsWith('../')) {
    const inside = 'write ./path/to/action, from the root of the repository';
    file.error('unknown-action', `"${text}" leaves the repository`, at, { help: inside });
  } else if (version === '') {
    file.error('unknown-action', `"${text}" names no version of an action`, at, { notes, help });
  } else if (segments.length < 2 || rest.length > 0) {
    file.error('unknown-action', `"${text}" is not the form of an action`, at, { notes, help });
  } else return true;
  return false;
}

function refuseAction(file: WorkflowFile, text: string, at: Span, owner: Owner): void {
  const [name = '', version = ''] = text.split('@');
  const key = name.toLowerCase();
  const action = Object.hasOwn(builtInActions, key) ? builtInActions[key] : undefined;
  if (action) {
    const majors = action.versions.map((major) => `v${major}`).join(', ');
    const message = `${action.name} is built in, but not as version "${version}"`;
    const help = `write ${action.name}@v${action.versions.at(-1)}`;
    const versions = [`versions of ${action.name}: ${majors}`];
    file.refuse(owner, 'unknown-action', message, at, { notes: versions, help });
    return;
  }
  const near = nearAction(name);
  const instead =
    near === undefined
      ? 'do what it does in a `run:` step'
      : `did you mean ${near.name}@v${near.versions.at(-1)}? If not, do what it does in a \`run:\` step`;
  file.refuse(owner, 'not-supported', `the action "${text}" is not supported yet`, at, {
    notes,
    help: instead,
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

/** A built-in action as a step uses it. */
interface ActionUse {
  action: BuiltInAction;
  given: Given[];
  usesAt: Span;
  owner: Owner;
}

/** Judges the inputs of a built-in action: a warning for those that it does not have, refusals for the rest. */
export function checkInputs(file: WorkflowFile, use: ActionUse): void {
  const { action, given, usesAt, owner } = use;
  for (const input of given) if (!input.name.includes('${{')) checkInput(file, use, input);
  // Names that expressions make may be any of those that are missing.
  if (given.some(({ name }) => name.includes('${{'))) return;
  const has = (name: string) => given.some((input) => input.name.toLowerCase() === name.toLowerCase());
  for (const [name, rule] of Object.entries(action.inputs)) {
    if (rule.use === 'honoured' && rule.required && !has(name)) {
      const help = `add \`${name}:\` under \`with:\``;
      file.refuse(owner, 'missing-input', `${action.name} needs the input "${name}"`, usesAt, { help });
    }
  }
  if (action.oneOf && !action.oneOf.some(has)) {
    const wanted = action.oneOf.map((name) => `"${name}"`).join(' or ');
    file.refuse(owner, 'missing-input', `${action.name} needs the input ${wanted}`, usesAt, {
      help: `add \`${action.oneOf[0]}:\` under \`with:\`; no version is assumed`,
    });
  }
}

function checkInput(file: WorkflowFile, { action, owner }: ActionUse, input: Given): void {
  const { name, nameAt } = input;
  const known = Object.keys(action.inputs);
  const spelling = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  const rule = spelling === undefined ? undefined : action.inputs[spelling];
  if (!rule) {
    file.report('warning', 'unknown-input', `${action.name} has no input "${name}"`, nameAt, {
      notes: [`inputs honoured here: ${honouredInputs(action)}`],
      help: meant(name, known),
    });
  } else if (rule.use === 'refused') {
    const message = `the input "${name}" of ${action.name} is not supported yet`;
    file.refuse(owner, 'not-supported', message, nameAt, { help: rule.reason });
  } else {
    checkValue(file, { action, owner, rule, input });
    if (rule.note !== undefined) {
      const message = `"${name}" of ${action.name} has no effect here: ${rule.note}`;
      file.report('note', 'no-effect', message, nameAt);
    }
  }
}

interface InputValue {
  action: BuiltInAction;
  owner: Owner;
  rule: Extract<ActionInput, { use: 'honoured' }>;
  input: Given;
}

function checkValue(file: WorkflowFile, { action, owner, rule, input }: InputValue): void {
  const { name, value } = input;
  const { allowed, reason } = rule;
  if (!allowed || allowed.includes(value.text)) return;
  const hasExpression = value.text.includes('${{');
  // Where every value that the action knows is honoured, an expression can be judged when the step runs.
  if (hasExpression && reason === undefined) return;
  const shown = allowed.filter((text) => text !== '').join(', ');
  const message = `"${name}" of ${action.name} cannot be ${hasExpression ? 'an expression' : `"${value.text}"`} here`;
  const extra = reason === undefined ? {} : { help: reason };
  file.refuse(owner, 'not-supported', message, value.at, { notes: [`values honoured: ${shown}`], ...extra });
}

function honouredInputs(action: BuiltInAction): string {
  return Object.entries(action.inputs)
    .filter(([, rule]) => rule.use === 'honoured')
    .map(([name]) => name)
    .join(', ');
}
