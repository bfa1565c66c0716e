import { isMap, isSeq, type Node } from 'yaml';
import type { Span } from '../diagnostics/index.ts';
import type { Owner, WorkflowFile } from './file.ts';
import { define } from './file.ts';
import type { Job, Step, StepsJob, Template } from './model.ts';
import { parsePermissions } from './parse-permissions.ts';
import { idHelp, idPattern, parseStep } from './parse-step.ts';
import { parseStrategy } from './parse-strategy.ts';
import type { Entry } from './reader.ts';
import { refusedLabel } from './runner-labels.ts';

const hostOnly = 'jobs run on the machine itself; install what they need in a step, or remove the key';
const reusable = "copy the called workflow's jobs into this file";

const keys = {
  of: 'a job',
  known: [
    'name',
    'needs',
    'if',
    'runs-on',
    'environment',
    'permissions',
    'outputs',
    'env',
    'defaults',
    'strategy',
    'timeout-minutes',
    'continue-on-error',
    'steps',
  ],
  refused: {
    services: 'start what the job needs in a step, or use a file database such as SQLite',
    container: hostOnly,
    snapshot: hostOnly,
    concurrency: 'remove it: rollouts into one environment already wait for each other',
    uses: reusable,
    with: reusable,
    secrets: reusable,
  },
};

const emptyJob = {
  kind: 'steps' as const,
  needs: [],
  runsOn: [],
  outputs: {},
  env: {},
  defaults: {},
  services: {},
  steps: [],
};

/** Reads one job. Its mistakes are reported; what could not be read is left empty, so that other jobs can be judged. */
export function parseJob(file: WorkflowFile, entry: Entry): Job {
  const { key: id, keyAt: at } = entry;
  if (!idPattern.test(id))
    file.error('invalid-name', `"${id}" cannot be the id of a job`, at, { help: idHelp });
  const fields = file.fields(entry.value, keys, at);
  if (!fields) return { ...emptyJob, id, at };
  const owner: Owner = { jobId: id };
  parsePermissions(file, fields.get('permissions'));
  const name = file.text(fields.get('name'), '`name`', 'jobName', owner);
  const condition = file.condition(fields.get('if'), 'jobIf', owner);
  const environment = parseEnvironment(file, fields.get('environment'), owner);
  const strategy = parseStrategy(file, fields.get('strategy'), owner);
  const timeoutMinutes = file.positive(fields.get('timeout-minutes'), 'jobTimeout', owner);
  const continueOnError = file.flag(fields.get('continue-on-error'), 'jobContinue', owner);
  const called = isCalled(entry.value);
  return {
    kind: 'steps',
    services: {},
    id,
    at,
    ...(name && { name }),
    needs: parseNeeds(file, fields.get('needs')),
    ...(condition && { if: condition }),
    runsOn: called ? [] : parseRunsOn(file, fields.get('runs-on'), owner, at),
    ...(environment && { environment }),
    outputs: parseOutputs(file, fields.get('outputs'), owner),
    env: file.env(fields.get('env'), "a job's `env`", 'jobEnv', owner),
    defaults: file.defaults(fields.get('defaults'), 'jobDefaults', owner),
    ...(strategy && { strategy }),
    ...(timeoutMinutes && { timeoutMinutes }),
    ...(continueOnError && { continueOnError }),
    steps: called ? [] : parseSteps(file, fields.get('steps'), id, at),
  };
}

/** A job that calls a workflow is refused once, not once more for each key it lacks. */
function isCalled(node: Node | null): boolean {
  return isMap(node) && node.has('uses');
}

function parseNeeds(file: WorkflowFile, entry: Entry | undefined): Job['needs'] {
  if (!entry) return [];
  const needs = file.templates(entry.value, '`needs`', entry.keyAt);
  return needs
    .map(({ text, at }) => ({ id: text, at }))
    .filter(({ id }, index, all) => all.findIndex((other) => other.id === id) === index);
}

function parseRunsOn(file: WorkflowFile, entry: Entry | undefined, owner: Owner, jobAt: Span): Template[] {
  if (!entry) {
    const help = 'add `runs-on: ubuntu-latest`';
    file.error('missing-key', 'the job does not say where it runs: `runs-on` is missing', jobAt, { help });
    return [];
  }
  if (isMap(entry.value) && entry.value.has('group')) {
    const help = 'write `runs-on: self-hosted`';
    file.error('not-supported', 'runner groups are not supported yet', entry.keyAt, { help });
    return [];
  }
  const labels = file.templates(entry.value, '`runs-on`', entry.keyAt);
  if (isSeq(entry.value) && entry.value.items.length === 0) {
    file.error('missing-key', '`runs-on` lists no label', entry.keyAt, {
      help: 'write `runs-on: ubuntu-latest`',
    });
  }
  for (const label of labels) {
    file.checked(label, 'runsOn', owner);
    const refusal = label.text.includes('${{') ? undefined : refusedLabel(label.text);
    if (refusal)
      file.error('not-supported', refusal.message, label.at, { notes: refusal.notes, help: refusal.help });
  }
  return labels;
}

function parseEnvironment(
  file: WorkflowFile,
  entry: Entry | undefined,
  owner: Owner,
): StepsJob['environment'] {
  if (!entry) return undefined;
  if (!isMap(entry.value)) {
    const name = file.text(entry, '`environment`', 'environment', owner);
    return name && { name };
  }
  const fields = file.fields(
    entry.value,
    {
      of: '`environment`',
      known: ['name', 'url'],
      refused: { deployment: 'remove it: an environment is always deployed to by `slipway/deploy@v1`' },
    },
    entry.keyAt,
  );
  const name = file.text(fields?.get('name'), '`name`', 'environment', owner);
  const url = file.text(fields?.get('url'), '`url`', 'environmentUrl', owner);
  if (fields && !fields.has('name')) {
    file.error('missing-key', '`environment` has no `name`', entry.keyAt, { help: 'add `name:` under it' });
  }
  return name && { name, ...(url && { url }) };
}

function parseOutputs(file: WorkflowFile, entry: Entry | undefined, owner: Owner): Record<string, Template> {
  const outputs: Record<string, Template> = {};
  for (const { key, keyAt, value } of file.map(entry, '`outputs`')) {
    if (!idPattern.test(key)) {
      file.error('invalid-name', `"${key}" cannot be the name of an output`, keyAt, { help: idHelp });
    }
    const template = file.template(value, `the output "${key}"`, keyAt, 'allowed');
    // Outputs are evaluated when all steps have ended, so they see every step.
    if (template) define(outputs, key, file.checked(template, 'outputs', owner));
  }
  return outputs;
}

function parseSteps(file: WorkflowFile, entry: Entry | undefined, jobId: string, jobAt: Span): Step[] {
  const items = entry ? file.items(entry.value, '`steps`', entry.keyAt) : [];
  if (items?.length === 0) {
    const help = 'add `steps:` with at least one `- run:`';
    file.error('missing-key', 'the job has no steps', entry?.keyAt ?? jobAt, { help });
  }
  const steps: Step[] = [];
  for (const item of items ?? []) {
    const step = parseStep(file, item, { jobId, stepIndex: steps.length }, jobAt);
    if (step) steps.push(step);
  }
  return steps;
}
