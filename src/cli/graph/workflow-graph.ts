import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, type Finding } from '../../diagnostics/index.ts';
import { ObjectValue, type Scope } from '../../expressions/index.ts';
import { environmentOf, expandMatrix, parseWorkflow, type Job, type Workflow } from '../../workflow/index.ts';
import type { LintFile } from '../lint-files.ts';

/** A workflow as it is drawn. */
export interface WorkflowGraph {
  file: string;
  name: string;
  /** Names of the events that start it. */
  events: string[];
  /** In the order written. */
  jobs: GraphJob[];
}

/** A job as it is drawn. */
export interface GraphJob {
  id: string;
  /** `name:` where it is plain text, or else the id. */
  name: string;
  needs: string[];
  /** How many jobs the matrix makes: a number, or null when only the run can tell. 1 without a matrix. */
  instances: number | null;
  environment: string | null;
  /** The `if` as written. */
  condition: string | null;
  /** What the job calls, and the jobs of that; without them where it is elsewhere, missing or already being drawn. */
  calls: { uses: string; graph: WorkflowGraph | null; reason: string | null } | null;
  /** Why it cannot run on this machine. */
  refused: string | null;
}

/** All graphs of a tree, with the mistakes of files that cannot be drawn. */
export interface Graphs {
  graphs: WorkflowGraph[];
  findings: Finding[];
  sources: Map<string, string>;
}

/** Reads workflow files as they lie on disk. Called workflows of the same tree are drawn inside their callers. */
export function readGraphs(files: readonly LintFile[], root: string): Graphs {
  const result: Graphs = { graphs: [], findings: [], sources: new Map() };
  for (const { path, shown } of files) {
    const text = textOf(path, shown);
    result.sources.set(shown, text);
    const parsed = parseWorkflow(text, shown);
    if (parsed.ok) result.graphs.push(graphOf(parsed.value, { root, within: [shown] }));
    else result.findings.push(...parsed.findings);
  }
  return result;
}

function textOf(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const help = 'name workflow files';
    throw new CodedError('cli/unreadable-file', `${shown} cannot be read`, { help, cause });
  }
}

interface Place {
  root: string;
  /** Files that are being drawn, outermost first. */
  within: string[];
}

function graphOf(workflow: Workflow, place: Place): WorkflowGraph {
  const events = [...new Set(workflow.triggers.map(({ event }) => event))];
  const jobs = workflow.jobs.map((job) => graphJob(job, workflow, place));
  return { file: workflow.file, name: workflow.name, events, jobs };
}

function graphJob(job: Job, workflow: Workflow, place: Place): GraphJob {
  const refusal = workflow.refusals.find(({ jobId }) => jobId === job.id);
  return {
    id: job.id,
    name: job.name === undefined || job.name.text.includes('${{') ? job.id : job.name.text,
    needs: job.needs.map(({ id }) => id),
    instances: instanceCount(job),
    environment: environmentOf(job)?.name.text ?? null,
    condition: job.if?.text ?? null,
    calls: job.kind === 'call' ? called(job.uses.text, place) : null,
    refused: refusal?.finding.message ?? null,
  };
}

/** Nothing is known of the run: a matrix that looks at a context can only be counted there. */
const nothing: Scope = {
  contexts: Object.fromEntries(
    ['github', 'needs', 'vars', 'inputs'].map((name) => [name, new ObjectValue()]),
  ),
};

/** How many jobs a matrix makes, 1 without one; null when only the run can tell. */
export function instanceCount({ strategy }: Job): number | null {
  if (
    strategy &&
    /\$\{\{[^}]*\b(?:github|needs|vars|inputs)\b/i.test(JSON.stringify(strategy.matrix ?? ''))
  ) {
    return null;
  }
  const expanded = expandMatrix(strategy, nothing);
  return expanded.ok ? expanded.value.length : null;
}

/** GitHub lets workflows call each other this deep. */
const deepestCall = 10;

function called(uses: string, { root, within }: Place): NonNullable<GraphJob['calls']> {
  const none = (reason: string | null) => ({ uses, graph: null, reason });
  if (!uses.startsWith('./')) return none(null);
  const file = uses.slice(2);
  if (within.includes(file)) return none('calls itself');
  if (within.length > deepestCall) return none(`deeper than ${deepestCall} calls`);
  const path = join(root, file);
  if (!existsSync(path)) return none('missing');
  const parsed = parseWorkflow(readFileSync(path, 'utf8'), file);
  if (!parsed.ok) return none('has mistakes');
  return { uses, graph: graphOf(parsed.value, { root, within: [...within, file] }), reason: null };
}
