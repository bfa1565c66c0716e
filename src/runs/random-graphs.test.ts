import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Job, Workflow } from '../workflow/index.ts';
import { createRun, planRun, requestCancel } from './index.ts';
import type { Observed, RunState } from './index.ts';

const at = { file: 'ci.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
const conditions = [undefined, 'always()', 'failure()', 'success()', 'false', 'cancelled()'] as const;

const limits = { hostLabels: [], unsupported: 'fail' as const };

interface JobShape {
  needs: number[];
  condition: (typeof conditions)[number];
  matrix: number;
  continueOnError: boolean;
  environment: boolean;
}

const jobShape = fc.record({
  needs: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
  condition: fc.constantFrom(...conditions),
  matrix: fc.nat({ max: 3 }),
  continueOnError: fc.boolean(),
  environment: fc.boolean(),
});

/** Edges lead only to jobs written before, so there is no cycle. */
function workflowOf(shapes: JobShape[]): Workflow {
  const jobs = shapes.map((shape, index): Job => {
    const needs = [...new Set(shape.needs.filter(() => index > 0).map((need) => need % index))];
    const list = (values: number[]) => ({ kind: 'list' as const, values });
    return {
      kind: 'steps',
      services: {},
      id: `j${index}`,
      at,
      needs: needs.map((need) => ({ id: `j${need}`, at })),
      ...(shape.condition !== undefined && { if: { text: shape.condition, at } }),
      runsOn: [],
      ...(shape.environment && { environment: { name: { text: 'prod', at } } }),
      outputs: {},
      env: {},
      defaults: {},
      ...(shape.matrix > 0 && {
        strategy: {
          at,
          matrix: {
            kind: 'literal' as const,
            axes: { n: list(Array.from({ length: shape.matrix }, (_, value) => value)) },
            include: list([]),
            exclude: list([]),
            at,
          },
        },
      }),
      ...(shape.continueOnError && { continueOnError: { text: 'true', at } }),
      steps: [],
    };
  });
  return { file: 'ci.yml', name: 'ci', triggers: [], env: {}, defaults: {}, jobs, refusals: [] };
}

function runOf(shapes: JobShape[]): RunState {
  const event = { name: 'push', ref: 'refs/heads/main', commit: 'c', actor: 'ana', message: '', payload: {} };
  return createRun({ id: 'r', number: 1, app: 'a', workflow: workflowOf(shapes), event, nowMs: 0 });
}

function needsDone(state: RunState, jobId: string): boolean {
  const job = state.workflow.jobs.find(({ id }) => id === jobId);
  return (job?.needs ?? []).every(({ id }) =>
    Object.values(state.jobs).every(({ jobId, state }) => jobId !== id || state.phase === 'finished'),
  );
}

/** One thing that the world does between two looks, chosen by a number. */
function worldMoves(observed: Observed, state: RunState, choice: number): void {
  observed.environments['prod'] =
    choice % 3 === 0 ? { kind: 'open' } : (observed.environments['prod'] ?? { kind: 'wait', reason: 'w' });
  const running = Object.values(state.jobs).filter((job) => job.state.phase === 'running');
  const job = running[choice % Math.max(1, running.length)];
  const seen = job && observed.jobs[job.key];
  if (!job || !seen) return;
  const results = ['success', 'failure', 'cancelled'] as const;
  const result = results[choice % 3] ?? 'success';
  if (choice % 11 === 0) observed.jobs[job.key] = { worker: 'gone', report: seen.report };
  else if (choice % 5 !== 0)
    observed.jobs[job.key] = { worker: 'gone', report: { phase: 'finished', result, outputs: {} } };
}

test('in every graph no job starts before its needs are done, never twice, and every run ends and stays ended', () => {
  fc.assert(
    fc.property(
      fc.array(jobShape, { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.nat({ max: 1000 })),
      fc.integer({ min: 1, max: 4 }),
      fc.option(fc.nat({ max: 20 })),
      (shapes, choices, maxParallelJobs, cancelAt) => {
        let state = runOf(shapes);
        const observed: Observed = { jobs: {}, environments: {}, rollouts: {}, groups: {} };
        const started = new Set<string>();
        for (let nowMs = 0; nowMs < 500 && !state.finished; nowMs++) {
          if (nowMs === cancelAt) state = requestCancel(state, 'ana', nowMs);
          const before = JSON.stringify(state);
          const plan = planRun(state, observed, { ...limits, nowMs, maxParallelJobs });
          expect(JSON.stringify(state)).toBe(before);
          // A commit that got lost plans the same again.
          expect(planRun(state, observed, { ...limits, nowMs, maxParallelJobs })).toEqual(plan);
          state = JSON.parse(JSON.stringify(plan.state)) as RunState;
          const running = Object.values(state.jobs).filter((job) => job.state.phase === 'running');
          expect(running.length).toBeLessThanOrEqual(maxParallelJobs);
          const choice = choices.next().value ?? 0;
          for (const action of plan.actions) {
            if (action.kind !== 'start-job') continue;
            expect(needsDone(state, action.order.job.id)).toBe(true);
            // The effect may be lost too; then the start is said again.
            if (choice % 7 === 0) continue;
            expect(started).not.toContain(action.jobKey);
            started.add(action.jobKey);
            observed.jobs[action.jobKey] = { worker: 'alive', report: { phase: 'running' } };
          }
          worldMoves(observed, state, choice);
        }
        expect(state.finished).not.toBeNull();
        expect(Object.values(state.jobs).every((job) => job.state.phase === 'finished')).toBe(true);
        expect(planRun(state, observed, { ...limits, nowMs: 9999, maxParallelJobs }).state).toEqual(state);
      },
    ),
    { numRuns: 300 },
  );
});
