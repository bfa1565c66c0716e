import type { CallJob, Job, Json, StepsJob, Workflow } from '../workflow/index.ts';
import type { JobInstance, RunState } from './model.ts';

/** Where a job stands: the run's own workflow, or a called one with what it was given. */
export interface Frame {
  /** The call that made the frame; null for the run's own workflow. */
  call: JobInstance | null;
  workflow: Workflow;
  inputs: Record<string, Json>;
}

/** The path by which a call's workflow is known: `./.github/workflows/x.yml`, also where it is written with `$/`. */
export function callPath({ uses }: CallJob): string {
  return uses.text.replace(/^\$\//, './');
}

/** The frame whose jobs have this parent. */
export function frameOf(state: RunState, parent: string | null): Frame {
  if (parent === null) return { call: null, workflow: state.workflow, inputs: state.inputs };
  const call = state.jobs[parent];
  const written = call && writtenJob(state, call);
  if (!call || written?.kind !== 'call') throw new Error(`run ${state.id} has no call ${parent}`);
  const workflow = state.called[callPath(written)];
  if (!workflow) throw new Error(`run ${state.id} has no workflow ${written.uses.text}`);
  return { call, workflow, inputs: call.call?.inputs ?? {} };
}

/** The calls around a job, from the innermost to the outermost. */
export function callsAround(state: RunState, parent: string | null): JobInstance[] {
  const call = parent === null ? undefined : state.jobs[parent];
  return call ? [call, ...callsAround(state, call.parent)] : [];
}

/** The job as written. */
export function writtenJob(state: RunState, job: Pick<JobInstance, 'parent' | 'jobId'>): Job {
  const { workflow } = frameOf(state, job.parent);
  const written = jobsById(workflow).get(job.jobId);
  if (!written) throw new Error(`workflow ${workflow.file} has no job ${job.jobId}`);
  return written;
}

/** A job with steps, which is all that a worker runs. */
export function stepsJobOf(state: RunState, job: JobInstance): StepsJob {
  const written = writtenJob(state, job);
  if (written.kind !== 'steps') throw new Error(`job ${job.key} calls a workflow`);
  return written;
}

/** The call as written. */
export function callJobOf(state: RunState, job: JobInstance): CallJob {
  const written = writtenJob(state, job);
  if (written.kind !== 'call') throw new Error(`job ${job.key} has steps`);
  return written;
}

/** The instances of one job of one frame, in matrix order. */
export function instancesOf(state: RunState, parent: string | null, jobId: string): JobInstance[] {
  const keys = keysByJob(state.jobs).get(groupKey(parent, jobId)) ?? [];
  return keys.flatMap((key) => state.jobs[key] ?? []);
}

/** All instances of a frame, in the order of the file. */
export function instancesIn(state: RunState, parent: string | null): JobInstance[] {
  return Object.values(state.jobs).filter((job) => job.parent === parent);
}

const groupKey = (parent: string | null, jobId: string) => `${parent ?? ''}/${jobId}`;

const writtenCache = new WeakMap<Workflow, Map<string, Job>>();

function jobsById(workflow: Workflow): Map<string, Job> {
  const known = writtenCache.get(workflow) ?? new Map(workflow.jobs.map((job) => [job.id, job]));
  writtenCache.set(workflow, known);
  return known;
}

/** Which keys there are changes only together with the object that holds them, so that a large run is indexed once a look. */
const keysCache = new WeakMap<RunState['jobs'], Map<string, string[]>>();

function keysByJob(jobs: RunState['jobs']): Map<string, string[]> {
  const known = keysCache.get(jobs);
  if (known) return known;
  const keys = new Map<string, string[]>();
  for (const { key, parent, jobId } of Object.values(jobs)) {
    const group = groupKey(parent, jobId);
    const others = keys.get(group);
    if (others) others.push(key);
    else keys.set(group, [key]);
  }
  keysCache.set(jobs, keys);
  return keys;
}
