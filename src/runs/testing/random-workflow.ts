import fc from 'fast-check';
import type { Concurrency, Job, Workflow } from '../../workflow/index.ts';

const at = { file: 'ci.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };

/** Conditions that a simple model can judge. */
export const conditions = [undefined, 'always()', 'failure()', 'success()', 'false', 'cancelled()'] as const;

/** A job of a random workflow; what it needs stands before it, so there is no circle. */
export interface JobShape {
  needs: number[];
  condition: (typeof conditions)[number];
  matrix: number;
  failFast: boolean;
  maxParallel: number;
  continueOnError: boolean;
  /** It calls the n-th of the other workflows, which stand behind its own. */
  calls: number | null;
  group: GroupShape | null;
}

/** A concurrency group of a random job or workflow. */
export interface GroupShape {
  name: string;
  cancelInProgress: boolean;
  queue: 'single' | 'max';
}

/** A random workflow. */
export interface WorkflowShape {
  jobs: JobShape[];
  group: GroupShape | null;
}

const group = fc.option(
  fc.record({
    name: fc.constantFrom('g', 'G', 'h'),
    cancelInProgress: fc.boolean(),
    queue: fc.constantFrom('single' as const, 'max' as const),
  }),
  { freq: 3 },
);

const jobShape: fc.Arbitrary<JobShape> = fc.record({
  needs: fc.array(fc.nat({ max: 20 }), { maxLength: 3 }),
  condition: fc.constantFrom(...conditions),
  matrix: fc.nat({ max: 3 }),
  failFast: fc.boolean(),
  maxParallel: fc.nat({ max: 2 }),
  continueOnError: fc.boolean(),
  calls: fc.option(fc.nat({ max: 1 }), { freq: 2 }),
  group,
});

/** A workflow, and others that it may call. */
export const workflowShapes = fc.array(
  fc.record({ jobs: fc.array(jobShape, { minLength: 1, maxLength: 5 }), group }),
  { minLength: 3, maxLength: 3 },
);

/** The first of the workflows, with the others by the path that it calls them by. */
export function workflowsOf(shapes: WorkflowShape[]): {
  workflow: Workflow;
  called: Record<string, Workflow>;
} {
  const all = shapes.map(({ jobs, group: own }, level) => ({
    file: fileOf(level),
    name: fileOf(level),
    triggers: [{ event: 'workflow_call' as const, at }],
    env: {},
    defaults: {},
    ...(own && { concurrency: concurrencyOf(own) }),
    jobs: jobs.map((shape, index) => jobOf(shape, { index, level, levels: shapes.length })),
    refusals: [],
  }));
  const [workflow, ...others] = all;
  if (!workflow) throw new Error('there is no workflow');
  return { workflow, called: Object.fromEntries(others.map((each) => [`./${each.file}`, each])) };
}

const fileOf = (level: number) => `.github/workflows/w${level}.yml`;

function concurrencyOf({ name, cancelInProgress, queue }: GroupShape): Concurrency {
  return { at, group: { text: name, at }, cancelInProgress: { text: String(cancelInProgress), at }, queue };
}

function jobOf(
  shape: JobShape,
  { index, level, levels }: { index: number; level: number; levels: number },
): Job {
  const needs = [...new Set(shape.needs.filter(() => index > 0).map((need) => need % index))];
  const list = (values: number[]) => ({ kind: 'list' as const, values });
  const common = {
    id: `j${index}`,
    at,
    needs: needs.map((need) => ({ id: `j${need}`, at })),
    ...(shape.condition !== undefined && { if: { text: shape.condition, at } }),
    ...(shape.group && { concurrency: concurrencyOf(shape.group) }),
    ...(shape.matrix > 0 && {
      strategy: {
        at,
        failFast: { text: String(shape.failFast), at },
        ...(shape.maxParallel > 0 && { maxParallel: { text: String(shape.maxParallel), at } }),
        matrix: {
          kind: 'literal' as const,
          axes: { n: list(Array.from({ length: shape.matrix }, (_, value) => value)) },
          include: list([]),
          exclude: list([]),
          at,
        },
      },
    }),
  };
  const target = level + 1 + (shape.calls ?? 0);
  if (shape.calls !== null && target < levels) {
    return {
      ...common,
      kind: 'call',
      uses: { text: `./${fileOf(target)}`, at },
      with: {},
      secrets: 'inherit',
    };
  }
  return {
    ...common,
    kind: 'steps',
    services: {},
    runsOn: [],
    outputs: {},
    env: {},
    defaults: {},
    ...(shape.continueOnError && { continueOnError: { text: 'true', at } }),
    steps: [],
  };
}
