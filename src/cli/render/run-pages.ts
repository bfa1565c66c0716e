import type { LocalPlan } from '../../local/index.ts';
import { jobDisplayName, stepsOf, type Job, type Step, type Workflow } from '../../workflow/index.ts';
import { instanceCount } from '../graph/workflow-graph.ts';
import { workflowHead } from './run-marks.ts';
import { renderTable } from './table.ts';
import { harmless, paint, type Look } from './text.ts';

/** `slipway run --list`: every job that there is, whatever would start it. */
export function listPage({ files }: LocalPlan, look: Look): string[] {
  const rows = files.workflows.flatMap((workflow) =>
    inStages(workflow.jobs).map(({ job, stage }) => [
      String(stage),
      job.id,
      harmless(jobDisplayName(job)),
      harmless(workflow.name),
      workflow.file.split('/').pop() ?? '',
      [...new Set(workflow.triggers.map(({ event }) => event))].join(', '),
    ]),
  );
  return renderTable({ heads: ['STAGE', 'JOB', 'NAME', 'WORKFLOW', 'FILE', 'EVENTS'], rows }, look);
}

/** `slipway run --dryrun`: what would run, and nothing else. */
export function dryrunPage({ runs, tree }: LocalPlan, look: Look): string[] {
  const dirty = tree.changed.length;
  return [
    ...runs.flatMap(({ workflow, called, event }) => [
      workflowHead(
        { workflow: workflow.name, file: workflow.file },
        `${event.name} on ${event.ref.replace('refs/heads/', '')}`,
        look,
      ),
      ...jobLines(workflow, called, look, 1),
    ]),
    '',
    `nothing was run; ${dirty === 0 ? 'the files are as committed' : `${dirty} changed or new files would be taken as they are`}`,
  ];
}

/** The same for programs. */
export function planJson({ runs }: LocalPlan): string[] {
  return runs.map(({ workflow, event, inputs }) =>
    JSON.stringify({
      kind: 'plan',
      workflow: workflow.name,
      file: workflow.file,
      event: event.name,
      ref: event.ref,
      inputs,
      jobs: inStages(workflow.jobs).map(({ job, stage }) => ({
        id: job.id,
        name: jobDisplayName(job),
        stage,
        needs: job.needs.map(({ id }) => id),
        steps: stepsOf(job).map(stepText),
      })),
    }),
  );
}

function jobLines(workflow: Workflow, called: Record<string, Workflow>, look: Look, depth: number): string[] {
  const pad = '  '.repeat(depth);
  return inStages(workflow.jobs).flatMap(({ job }) => {
    const notes = [
      job.needs.length > 0 ? `after ${job.needs.map(({ id }) => id).join(', ')}` : '',
      job.if ? `if ${job.if.text}` : '',
    ].filter(Boolean);
    const times = job.strategy?.matrix ? ` ×${instanceCount(job) ?? '?'}` : '';
    const head = `${pad}${job.id}${times} ${paint(look, 'dim', notes.join(' · '))}`.trimEnd();
    if (job.kind === 'steps')
      return [
        head,
        ...job.steps.map((step) => `${pad}  ${paint(look, 'dim', '·')} ${harmless(stepText(step))}`),
      ];
    const inner = called[job.uses.text.replace(/^\$\//, './')];
    return [
      head,
      `${pad}  ${paint(look, 'dim', '·')} ${job.uses.text}`,
      ...(inner ? jobLines(inner, called, look, depth + 2) : []),
    ];
  });
}

function stepText(step: Step): string {
  if (step.name) return step.name.text;
  if (step.kind === 'run') return `Run ${step.run.text.trim().split('\n')[0] ?? ''}`;
  if (step.kind === 'uses') return `Run ${step.uses.text}`;
  return step.kind === 'cancel' ? 'End a background step' : 'Wait for background steps';
}

/** Jobs with the stage that they can first run in, in that order. */
function inStages(jobs: readonly Job[]): { job: Job; stage: number }[] {
  const stages = new Map<string, number>();
  const stageOf = (job: Job): number => {
    const known = stages.get(job.id);
    if (known !== undefined) return known;
    const needed = job.needs.flatMap(({ id }) => jobs.filter((one) => one.id === id));
    const stage = Math.max(-1, ...needed.map(stageOf)) + 1;
    stages.set(job.id, stage);
    return stage;
  };
  return jobs.map((job) => ({ job, stage: stageOf(job) })).toSorted((a, b) => a.stage - b.stage);
}
