import { isMap, type Node } from 'yaml';
import type { Span } from '../diagnostics/index.ts';
import { checkInputs, checkUses, type GivenInput } from './check-uses.ts';
import { define, type Owner, type WorkflowFile } from './file.ts';
import type { Step, Template } from './model.ts';
import type { Entry } from './reader.ts';

const background = 'run the steps one after the other, or as jobs side by side';

const keys = {
  of: 'a step',
  example: 'write `- run: npm test`, or `- uses: actions/checkout@v4`',
  known: [
    'id',
    'name',
    'if',
    'run',
    'shell',
    'working-directory',
    'uses',
    'with',
    'env',
    'timeout-minutes',
    'continue-on-error',
  ],
  refused: { background, wait: background, 'wait-all': background, cancel: background, parallel: background },
};

/** Ids of jobs and steps, as GitHub takes them. */
export const idPattern = /^[a-z_][a-z0-9_-]{0,99}$/i;
export const idHelp = 'start with a letter or _, and go on with letters, digits, - and _; at most 100';

/** Reads one step; undefined when it is no mapping. Its mistakes are reported; a broken step becomes an empty script. */
export function parseStep(file: WorkflowFile, node: Node, owner: Owner, jobAt: Span): Step | undefined {
  const at = file.at(node, jobAt);
  const fields = file.fields(node, keys, at);
  if (!fields) return undefined;
  const common = readCommon(file, fields, owner, at);
  const run = fields.get('run');
  const uses = fields.get('uses');
  if (run && uses) {
    const help = 'make two steps of it';
    file.error('conflicting-keys', 'a step has either `run` or `uses`, not both', uses.keyAt, { help });
    return emptyScript(common);
  }
  if (run) {
    misplaced(file, fields, ['with'], 'a step that uses an action');
    return runStep(file, fields, run, owner, common);
  }
  if (uses) {
    misplaced(file, fields, ['shell', 'working-directory'], 'a step with `run`');
    return usesStep(file, fields, uses, owner, common);
  }
  // What was refused may be what the step is about: `wait-all: true`.
  if (isMap(node) && Object.keys(keys.refused).some((key) => node.has(key))) return emptyScript(common);
  const help = 'add `run:` with a script, or `uses:` with an action';
  file.error('missing-key', 'this step does nothing: it has neither `run` nor `uses`', common.at, { help });
  return emptyScript(common);
}

/** Keeps the id of a step that could not be read, so that references to it are not reported as well. */
function emptyScript(common: Common): Step {
  return { ...common, kind: 'run', run: { text: '', at: common.at } };
}

type Common = Omit<Extract<Step, { kind: 'run' }>, 'kind' | 'run' | 'shell' | 'workingDirectory'>;

function readCommon(file: WorkflowFile, fields: Map<string, Entry>, owner: Owner, at: Span): Common {
  const id = readId(file, fields.get('id'));
  const name = file.text(fields.get('name'), '`name`', 'step', owner);
  const condition = file.condition(fields.get('if'), 'stepIf', owner);
  const timeoutMinutes = file.positive(fields.get('timeout-minutes'), 'step', owner);
  const continueOnError = file.flag(fields.get('continue-on-error'), 'step', owner);
  return {
    ...(id !== undefined && { id }),
    at: startOf(at),
    ...(name && { name }),
    ...(condition && { if: condition }),
    env: file.env(fields.get('env'), "a step's `env`", 'step', owner),
    ...(timeoutMinutes && { timeoutMinutes }),
    ...(continueOnError && { continueOnError }),
  };
}

/** A step is many lines; its first one is enough to find it. */
function startOf(at: Span): Span {
  const end = { line: at.start.line, column: at.start.column + 1 };
  return at.start.line === at.end.line ? at : { file: at.file, start: at.start, end };
}

function readId(file: WorkflowFile, entry: Entry | undefined): string | undefined {
  const id = file.text(entry, '`id`', 'fixedText');
  if (!id || idPattern.test(id.text) || id.text.includes('${{')) return id?.text;
  file.error('invalid-name', `"${id.text}" cannot be the id of a step`, id.at, { help: idHelp });
  return undefined;
}

function misplaced(file: WorkflowFile, fields: Map<string, Entry>, names: string[], belongs: string): void {
  for (const name of names) {
    const entry = fields.get(name);
    if (!entry) continue;
    file.error('conflicting-keys', `\`${name}\` belongs to ${belongs}`, entry.keyAt, { help: 'remove it' });
  }
}

function runStep(
  file: WorkflowFile,
  fields: Map<string, Entry>,
  entry: Entry,
  owner: Owner,
  common: Common,
): Step {
  const run = file.text(entry, '`run`', 'step', owner);
  const shell = file.shell(fields.get('shell'), 'fixedText', owner);
  const workingDirectory = file.text(fields.get('working-directory'), '`working-directory`', 'step', owner);
  if (!run) return emptyScript(common);
  return {
    ...common,
    kind: 'run',
    run,
    ...(shell && { shell }),
    ...(workingDirectory && { workingDirectory }),
  };
}

function usesStep(
  file: WorkflowFile,
  fields: Map<string, Entry>,
  entry: Entry,
  owner: Owner,
  common: Common,
): Step {
  const uses = file.text(entry, '`uses`', 'fixedText');
  const given = readInputs(file, fields.get('with'), owner);
  if (!uses) return emptyScript(common);
  const action = checkUses(file, uses);
  if (action) checkInputs(file, action, given, uses.at);
  const inputs: Record<string, Template> = {};
  for (const { name, value } of given) define(inputs, name, value);
  return { ...common, kind: 'uses', uses, with: inputs };
}

function readInputs(file: WorkflowFile, entry: Entry | undefined, owner: Owner): GivenInput[] {
  return file.map(entry, '`with`').flatMap(({ key, keyAt, value: node }) => {
    const value = file.template(node, `the input "${key}"`, keyAt, 'allowed');
    return value ? [{ name: key, nameAt: keyAt, value: file.checked(value, 'step', owner) }] : [];
  });
}
