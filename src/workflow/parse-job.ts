import type { Span } from '../diagnostics/index.ts';
import type { Owner, WorkflowFile } from './file.ts';
import { checkId } from './ids.ts';
import type { CallJob, Job, StepsJob } from './model.ts';
import { parseCall } from './parse-call.ts';
import { parseConcurrency } from './parse-concurrency.ts';
import { parseContainer, parseServices } from './parse-container.ts';
import { parseEnvironment } from './parse-environment.ts';
import { parsePermissions } from './parse-permissions.ts';
import { parseRunsOn } from './parse-runs-on.ts';
import { parseSteps } from './parse-steps.ts';
import { parseStrategy } from './parse-strategy.ts';
import type { Entry } from './reader.ts';
import { jobStepRules } from './step-rules.ts';
import { isEmptyList, peekText } from './nodes.ts';

type Fields = Map<string, Entry>;

const shared = ['name', 'needs', 'if', 'permissions', 'concurrency', 'strategy'];
const ofSteps = [
  'runs-on',
  'environment',
  'outputs',
  'env',
  'defaults',
  'timeout-minutes',
  'cancel-timeout-minutes',
  'continue-on-error',
  'container',
  'services',
  'snapshot',
  'steps',
];
const ofCalls = ['uses', 'with', 'secrets'];

/** Reads one job. Its mistakes are reported; what could not be read is left empty, so that other jobs can be judged. */
export function parseJob(file: WorkflowFile, entry: Entry): Job {
  const { key: id, keyAt: at } = entry;
  checkId(file, id, 'a job', at);
  const known = [...shared, ...ofSteps, ...ofCalls];
  const fields = file.fields(entry.value, { of: 'a job', known }, at);
  if (!fields) return { kind: 'steps', id, at, needs: [], ...nothing };
  const isCall = fields.has('uses') && !fields.has('steps') && !fields.has('runs-on');
  misplaced(file, fields, isCall);
  const owner: Owner = { jobId: id };
  const common = { id, at, ...readCommon(file, fields, owner) };
  return isCall
    ? { kind: 'call', ...common, ...parseCall(file, fields, owner) }
    : { kind: 'steps', ...common, ...readSteps(file, fields, owner, at) };
}

const nothing = { runsOn: [], outputs: {}, env: {}, defaults: {}, services: {}, steps: [] };

/** A job has steps of its own or calls a workflow; each has keys that the other has not. */
function misplaced(file: WorkflowFile, fields: Fields, isCall: boolean): void {
  const [wrong, belongs, help] = isCall
    ? [ofSteps, 'a job with steps of its own', 'remove it: the called workflow says it for its own jobs']
    : [ofCalls, 'a job that calls a workflow', 'remove it, or make two jobs of this one'];
  for (const key of wrong) {
    const entry = fields.get(key);
    if (!entry) continue;
    file.error('conflicting-keys', `\`${key}\` belongs to ${belongs}`, entry.keyAt, { help });
    fields.delete(key);
  }
}

function readCommon(
  file: WorkflowFile,
  fields: Fields,
  owner: Owner,
): Pick<CallJob, 'name' | 'needs' | 'if' | 'strategy' | 'permissions' | 'concurrency'> {
  const name = file.text(fields.get('name'), '`name`', 'jobName', owner, 'allowed');
  const condition = file.condition(fields.get('if'), 'jobIf', owner);
  const strategy = parseStrategy(file, fields.get('strategy'), owner);
  const permissions = parsePermissions(file, fields.get('permissions'));
  const concurrency = parseConcurrency(file, fields.get('concurrency'), 'jobConcurrency', owner);
  return {
    ...(name && name.text !== '' && { name }),
    needs: parseNeeds(file, fields.get('needs')),
    ...(condition && { if: condition }),
    ...(strategy && { strategy }),
    ...(permissions !== undefined && { permissions }),
    ...(concurrency && { concurrency }),
  };
}

function parseNeeds(file: WorkflowFile, entry: Entry | undefined): Job['needs'] {
  if (!entry) return [];
  const needs = file.templates(entry.value, '`needs`', entry.keyAt);
  return needs
    .map((need) => file.checked(need, 'fixedText', {}))
    .filter(({ text }) => !text.includes('${{'))
    .map(({ text, at }) => ({ id: text, at }))
    .filter(({ id }, index, all) => all.findIndex((other) => other.id === id) === index);
}

type Own = Omit<StepsJob, keyof CallJob>;

function readSteps(file: WorkflowFile, fields: Fields, owner: Owner, jobAt: Span): Own {
  const environment = parseEnvironment(file, fields.get('environment'), owner);
  const timeoutMinutes = file.minutes(fields.get('timeout-minutes'), 'jobTimeout', owner);
  const cancelTimeoutMinutes = file.minutes(fields.get('cancel-timeout-minutes'), 'jobTimeout', owner);
  const continueOnError = file.flag(fields.get('continue-on-error'), 'jobContinue', owner);
  const container = parseContainer(file, fields.get('container'), owner);
  refuseSnapshot(file, fields.get('snapshot'), owner);
  const outputs = file.map(fields.get('outputs'), '`outputs`', { place: 'outputs', owner, dynamic: false });
  const steps = fields.get('steps');
  const job: Own = {
    ...parseRunsOn(file, fields.get('runs-on'), owner, jobAt),
    ...(environment && { environment }),
    outputs: file.record(outputs, owner),
    env: file.variables(fields.get('env'), "a job's `env`", 'jobEnv', owner),
    defaults: file.defaults(fields.get('defaults'), 'jobDefaults', owner),
    ...(timeoutMinutes && { timeoutMinutes }),
    ...(cancelTimeoutMinutes && { cancelTimeoutMinutes }),
    ...(continueOnError && { continueOnError }),
    ...(container && { container }),
    services: parseServices(file, fields.get('services'), owner),
    steps: parseSteps(file, steps, jobStepRules(owner.jobId ?? ''), jobAt),
  };
  if (!steps || isEmptyList(steps.value)) {
    const help = 'add `steps:` with at least one `- run:`';
    file.error('missing-key', 'the job has no steps', steps?.keyAt ?? jobAt, { help });
  }
  return job;
}

/** `snapshot` makes an image of the machine, which only GitHub's own machines can. */
function refuseSnapshot(file: WorkflowFile, entry: Entry | undefined, owner: Owner): void {
  if (!entry) return;
  if (peekText(entry.value) !== undefined) file.text(entry, '`snapshot`', 'fixedText', owner);
  else {
    const known = ['image-name', 'if', 'version'];
    const fields = file.fields(entry.value, { of: '`snapshot`', known }, entry.keyAt);
    file.text(fields?.get('image-name'), '`image-name`', 'fixedText', owner);
    file.text(fields?.get('version'), '`version`', 'fixedText', owner);
    file.condition(fields?.get('if'), 'snapshotIf', owner);
    if (fields && !fields.has('image-name')) {
      file.error('missing-key', '`snapshot` has no `image-name`', entry.keyAt, { help: 'add it below' });
    }
  }
  const help = 'jobs run on the machine itself; install what they need in a step, or remove the key';
  file.refuse(owner, 'not-supported', '`snapshot` in a job is not supported yet', entry.keyAt, { help });
}
