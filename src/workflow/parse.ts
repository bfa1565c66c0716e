import type { Finding, Result } from '../diagnostics/index.ts';
import { checkGraph } from './check-graph.ts';
import { checkReferences } from './check-references.ts';
import { WorkflowFile } from './file.ts';
import type { Job, Trigger, Workflow } from './model.ts';
import { parseJob } from './parse-job.ts';
import { parsePermissions } from './parse-permissions.ts';
import { parseTriggers } from './parse-triggers.ts';
import type { Entry } from './reader.ts';

const keys = {
  of: 'a workflow',
  example: 'begin with `on: push`, then `jobs:` with a job below it',
  known: ['name', 'run-name', 'on', 'permissions', 'env', 'defaults', 'jobs'],
  refused: {
    concurrency: 'remove it: rollouts into one environment already wait for each other',
  },
};

/** A file larger than this is no workflow; GitHub's own limit is about half a megabyte. */
const longestFile = 1_000_000;

/**
 * Reads one workflow file.
 *
 * What this version does not honour is an error, never silently left out; what is accepted but does nothing here is a
 * note among the warnings.
 *
 * @param file - Path relative to the repository, for messages and for a workflow without a name.
 * @returns Every mistake in the file, in the order of its lines; never throws.
 */
export function parseWorkflow(text: string, file: string): Result<Workflow> {
  const reading = new WorkflowFile(text.length > longestFile ? '' : text, file);
  if (text.length > longestFile) {
    reading.error('too-large', `the file is longer than ${longestFile} characters`, reading.start, {
      help: 'split it',
    });
    return { ok: false, findings: reading.findings };
  }
  const broken = reading.findings.length > 0;
  const workflow = broken ? undefined : readWorkflow(reading);
  const findings = inOrder(reading.findings);
  const errors = findings.some(({ severity }) => severity === 'error');
  return errors || !workflow ? { ok: false, findings } : { ok: true, value: workflow, warnings: findings };
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
  const name = file.text(fields.get('name'), '`name`', 'fixedText');
  const runName = file.text(fields.get('run-name'), '`run-name`', 'runName');
  parsePermissions(file, fields.get('permissions'));
  const triggers = readTriggers(file, fields.get('on'));
  const env = file.env(fields.get('env'), "the workflow's `env`", 'workflowEnv');
  const defaults = file.defaults(fields.get('defaults'), 'fixedText', {});
  const jobs = readJobs(file, fields.get('jobs'));
  checkGraph(file, jobs);
  checkReferences(file, jobs);
  file.checkSize();
  return {
    file: file.file,
    name: name?.text ?? file.file,
    ...(runName && { runName }),
    triggers,
    env,
    defaults,
    jobs,
    refusals: [],
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

/** By line and column; the same mistake at the same place (an alias read twice) is said once. */
function inOrder(findings: Finding[]): Finding[] {
  const place = ({ at }: Finding) => (at ? at.start.line * 10_000 + at.start.column : 0);
  const unique = new Map(
    findings.map((finding) => [`${place(finding)} ${finding.code} ${finding.message}`, finding]),
  );
  return [...unique.values()].sort((a, b) => place(a) - place(b));
}
