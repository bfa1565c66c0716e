import { didYouMean } from '../diagnostics/index.ts';
import type { WorkflowFile } from './file.ts';
import type { Job } from './model.ts';

/** Judges `needs`: every job exists, none waits for itself. */
export function checkGraph(file: WorkflowFile, jobs: Job[]): void {
  const ids = jobs.map((job) => job.id);
  for (const job of jobs) {
    for (const { id, at } of job.needs) {
      if (ids.includes(id)) continue;
      const others = ids.filter((other) => other !== job.id);
      const near = didYouMean(id, others);
      file.error('unknown-job', `job "${job.id}" needs "${id}", which this workflow does not define`, at, {
        notes: [`defined jobs: ${others.map((known) => `"${known}"`).join(', ') || 'no other'}`],
        help: near === undefined ? undefined : `did you mean "${near}"?`,
      });
    }
  }
  for (const cycle of cycles(jobs)) {
    const at = cycle[0]?.needs.find(({ id }) => id === cycle[1 % cycle.length]?.id)?.at ?? file.start;
    const names = [...cycle, ...cycle.slice(0, 1)].map((job) => `"${job.id}"`);
    const message =
      cycle.length === 1
        ? `job ${names[0]} needs itself`
        : `jobs wait for each other: ${names.join(' needs ')}`;
    file.error('needs-cycle', message, at, { help: 'remove one of these from its `needs`' });
  }
}

/** Each cycle once, from the job written first. */
function cycles(jobs: Job[]): Job[][] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const done = new Set<string>();
  const found: Job[][] = [];
  const walk = (job: Job, path: Job[]): void => {
    const start = path.indexOf(job);
    if (start !== -1) found.push(path.slice(start));
    if (start !== -1 || done.has(job.id)) return;
    for (const { id } of job.needs) {
      const next = byId.get(id);
      if (next) walk(next, [...path, job]);
    }
    done.add(job.id);
  };
  for (const job of jobs) walk(job, []);
  return found;
}
