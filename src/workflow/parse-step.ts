import type { Span } from '../diagnostics/index.ts';
import type { Node } from 'yaml';
import { checkInputs, checkUses } from './check-uses.ts';
import type { Owner, WorkflowFile } from './file.ts';
import { idPattern, checkId } from './ids.ts';
import type { EnvMap, Step, Template } from './model.ts';
import type { Entry } from './reader.ts';
import type { StepKind, StepRules } from './step-rules.ts';
import { hasKey, textAtKey } from './nodes.ts';

type Fields = Map<string, Entry>;

const shared = ['id', 'name', 'if', 'env', 'timeout-minutes', 'continue-on-error', 'background'];
const waiting = ['id', 'name', 'continue-on-error'];

/** Keys that go with each kind of step. */
const keysOf: Record<StepKind, readonly string[]> = {
  run: [...shared, 'run', 'shell', 'working-directory'],
  uses: [...shared, 'uses', 'with'],
  wait: [...waiting, 'wait'],
  'wait-all': [...waiting, 'wait-all'],
  cancel: [...waiting, 'cancel'],
  parallel: ['parallel'],
};

const allKeys = [...new Set(Object.values(keysOf).flat())];

const isKind = (key: string) => Object.hasOwn(keysOf, key);

const kindInWords: Record<StepKind, string> = {
  run: 'a step with `run`',
  uses: 'a step that uses an action',
  wait: 'a step with `wait`',
  'wait-all': 'a step with `wait-all`',
  cancel: 'a step with `cancel`',
  parallel: 'a `parallel` group',
};

/** A step's mapping, once it is known what the step does. */
export interface StepFields {
  kind: StepKind;
  /** The entry that says so: `run: …`. */
  main: Entry;
  fields: Fields;
  at: Span;
}

/** Finds out what a step does and judges its keys; undefined, with a finding, when that cannot be told. */
export function readStepFields(
  file: WorkflowFile,
  node: Node,
  rules: StepRules,
  fallback: Span,
): StepFields | undefined {
  const at = startOf(file.at(node, fallback));
  const known = [...new Set(rules.kinds.flatMap((kind) => keysOf[kind]))].filter(
    (key) => !rules.without.includes(key),
  );
  const elsewhere = allKeys.filter((key) => !known.includes(key));
  const example = 'write `- run: npm test`, or `- uses: actions/checkout@v4`';
  const fields = file.fields(node, { of: 'a step', known, elsewhere: [elsewhere, rules.where], example }, at);
  if (!fields) return undefined;
  const kinds = rules.kinds.filter((kind) => fields.has(kind));
  const [kind] = kinds;
  const main = kind && fields.get(kind);
  if (!kind || !main) {
    // What cannot stand here may be what the step is about, and is reported already.
    if (elsewhere.some((key) => isKind(key) && hasKey(node, key))) return undefined;
    const help = 'add `run:` with a script, or `uses:` with an action';
    file.error('missing-key', 'this step does nothing: it has neither `run` nor `uses`', at, { help });
    return undefined;
  }
  if (kinds.length > 1) {
    const second = kinds[1] ?? kind;
    const message = `a step has either \`${kind}\` or \`${second}\`, not both`;
    file.error('conflicting-keys', message, fields.get(second)?.keyAt ?? at, {
      help: 'make two steps of it',
    });
    return undefined;
  }
  misplaced(file, fields, kind, rules);
  return { kind, main, fields, at };
}

/** Keys that other steps have and this one does not. */
function misplaced(file: WorkflowFile, fields: Fields, kind: StepKind, rules: StepRules): void {
  for (const { key, keyAt } of fields.values()) {
    if (keysOf[kind].includes(key)) continue;
    const [owner, ...others] = rules.kinds.filter((other) => keysOf[other].includes(key));
    const message =
      owner && others.length === 0
        ? `\`${key}\` belongs to ${kindInWords[owner]}`
        : `\`${key}\` cannot stand in ${kindInWords[kind]}`;
    const help = key === 'if' && kind !== 'parallel' ? 'remove it: such a step always runs' : 'remove it';
    file.error('conflicting-keys', message, keyAt, { help });
    fields.delete(key);
  }
}

/** The id of a step whatever else is wrong with it, so that references to it are not reported as well. */
export function brokenStep(node: Node, at: Span): Step {
  const id = textAtKey(node, 'id');
  const known = id !== undefined && idPattern.test(id) ? { id } : {};
  return { ...known, kind: 'run', env: {}, at: startOf(at), run: { text: '', at } };
}

/** Reads a step that runs a script or uses an action. */
export function readWorkingStep(file: WorkflowFile, step: StepFields, rules: StepRules, owner: Owner): Step {
  const common = readCommon(file, step, rules, owner);
  return step.kind === 'run'
    ? { ...common, kind: 'run', ...readScript(file, step, rules, owner) }
    : { ...common, kind: 'uses', ...readAction(file, step, rules, owner) };
}

type Common = Pick<
  Step,
  'id' | 'at' | 'name' | 'if' | 'env' | 'timeoutMinutes' | 'continueOnError' | 'background'
>;

/** What all steps have; keys that a kind of step does not have are gone already. */
export function readCommon(
  file: WorkflowFile,
  { fields, at }: StepFields,
  rules: StepRules,
  owner: Owner,
): Common {
  const id = readId(file, fields.get('id'));
  const name = file.text(fields.get('name'), '`name`', rules.text, owner, 'allowed');
  const condition = file.condition(fields.get('if'), rules.if, owner);
  const timeoutMinutes = file.minutes(fields.get('timeout-minutes'), rules.text, owner);
  const continueOnError = file.flag(fields.get('continue-on-error'), rules.text, owner);
  const background = file.flag(fields.get('background'), 'fixedText', owner)?.text === 'true';
  return {
    ...(id !== undefined && { id }),
    at,
    ...(name && name.text !== '' && { name }),
    ...(condition && { if: condition }),
    env: file.variables(fields.get('env'), "a step's `env`", rules.text, owner),
    ...(timeoutMinutes && { timeoutMinutes }),
    ...(continueOnError && { continueOnError }),
    ...(background && { background }),
  };
}

/** A step is many lines; its first one is enough to find it. */
function startOf(at: Span): Span {
  const end = { line: at.start.line, column: at.start.column + 1 };
  return at.start.line === at.end.line ? at : { file: at.file, start: at.start, end };
}

function readId(file: WorkflowFile, entry: Entry | undefined): string | undefined {
  const id = file.text(entry, '`id`', 'fixedText');
  if (!id || id.text.includes('${{')) return undefined;
  return checkId(file, id.text, 'a step', id.at) ? id.text : undefined;
}

function readScript(
  file: WorkflowFile,
  { main, fields, at }: StepFields,
  rules: StepRules,
  owner: Owner,
): { run: Template; shell?: Template; workingDirectory?: Template } {
  const run = file.text(main, '`run`', rules.text, owner, 'allowed');
  const shell = file.text(fields.get('shell'), '`shell`', rules.shell, owner);
  const workingDirectory = file.text(
    fields.get('working-directory'),
    '`working-directory`',
    rules.text,
    owner,
    'allowed',
  );
  if (rules.shellRequired && !fields.has('shell')) {
    const message = 'a step with `run` in a composite action must say its `shell`';
    file.error('missing-key', message, main.keyAt, { help: 'add `shell: bash`' });
  }
  return {
    run: run ?? { text: '', at },
    ...(shell && { shell }),
    ...(workingDirectory && workingDirectory.text !== '' && { workingDirectory }),
  };
}

function readAction(
  file: WorkflowFile,
  { main, fields, at }: StepFields,
  rules: StepRules,
  owner: Owner,
): { uses: { text: string; at: Span }; with: EnvMap } {
  const uses = file.text(main, '`uses`', 'fixedText');
  const given = file.map(fields.get('with'), '`with`', { place: rules.text, owner, dynamic: true });
  const action = uses && checkUses(file, uses, owner);
  if (action) checkInputs(file, { action, given, usesAt: uses.at, owner });
  return { uses: uses ?? { text: '', at }, with: file.record(given, owner) };
}
