import type { Result } from '../diagnostics/index.ts';
import { checkGraph } from './check-graph.ts';
import { checkReferences } from './check-references.ts';
import type { WorkflowFile } from './file.ts';
import type { Job, Trigger, Workflow } from './model.ts';
import { parseJob } from './parse-job.ts';
import { parseConcurrency } from './parse-concurrency.ts';
import { parsePermissions } from './parse-permissions.ts';
import { parseTriggers } from './parse-triggers.ts';
import { placeOf, readFile } from './read-file.ts';
import type { Entry } from './reader.ts';

const keys = {
  of: 'a workflow',
  example: 'begin with `on: push`, then `jobs:` with a job below it',
  known: ['name', 'description', 'run-name', 'on', 'permissions', 'env', 'defaults', 'concurrency', 'jobs'],
};

/**
 * Reads one workflow file.
 *
 * Errors are what GitHub refuses as well. What only this version cannot do is among the workflow's `refusals`, and what
 * is accepted but does nothing here is a note among the warnings.
 *
 * @param file - Path relative to the repository, for messages and for a workflow without a name.
 * @returns Every mistake in the file, in the order of its lines; never throws.
 */
export function parseWorkflow(text: string, file: string): Result<Workflow> {
  return readFile(text, file, readWorkflow);
}

function readWorkflow(file: WorkflowFile): Workflow | undefined {
  const { root, start } = file;
  if (root === null) {
    const help = 'start with `on: push` and `jobs:`';
    file.error('empty', 'the file is empty', start, { help });
    return undefined;
  }
  const fields = file.fields(root, keys, start);
  if (!fields) return undefined;
  const name = file.text(fields.get('name'), '`name`', 'fixedText', {}, 'allowed');
  file.text(fields.get('description'), '`description`', 'fixedText', {}, 'allowed');
  const runName = file.text(fields.get('run-name'), '`run-name`', 'runName', {}, 'allowed');
  const permissions = parsePermissions(file, fields.get('permissions'));
  const concurrency = parseConcurrency(file, fields.get('concurrency'), 'workflowConcurrency', {});
  const triggers = readTriggers(file, fields.get('on'));
  const env = file.variables(fields.get('env'), "the workflow's `env`", 'workflowEnv', {});
  const defaults = file.defaults(fields.get('defaults'), 'fixedText', {});
  const jobs = readJobs(file, fields.get('jobs'));
  checkGraph(file, jobs);
  checkReferences(file, { jobs, triggers });
  file.checkSize();
  return {
    file: file.file,
    name: name?.text || file.file,
    ...(runName && runName.text.trim() !== '' && { runName }),
    triggers,
    env,
    defaults,
    ...(permissions !== undefined && { permissions }),
    ...(concurrency && { concurrency }),
    jobs,
    refusals: file.refusals.toSorted((a, b) => placeOf(a.finding) - placeOf(b.finding)),
  };
}

function readTriggers(file: WorkflowFile, entry: Entry | undefined): Trigger[] {
  if (entry) return parseTriggers(file, entry);
  const help = 'add `on: push`';
  file.error('missing-key', 'the workflow does not say what starts it: `on` is missing', file.start, {
    help,
  });
  return [];
}

function readJobs(file: WorkflowFile, entry: Entry | undefined): Job[] {
  if (!entry) {
    file.error('missing-key', 'the workflow has no `jobs`', file.start, {
      help: 'add `jobs:` with at least one job',
    });
    return [];
  }
  const entries = file.entries(entry.value, '`jobs`', entry.keyAt);
  if (entries?.length === 0) {
    file.error('missing-key', 'the workflow has no jobs', entry.keyAt, { help: 'add one under `jobs:`' });
  }
  return (entries ?? []).map((job) => parseJob(file, job));
}
