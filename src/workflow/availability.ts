import type { Available, FunctionName } from '../expressions/index.ts';

const status: readonly FunctionName[] = ['always', 'cancelled', 'success', 'failure'];
const inJob = ['github', 'needs', 'strategy', 'matrix', 'vars', 'inputs'] as const;
const inStep = [
  'github',
  'needs',
  'strategy',
  'matrix',
  'job',
  'runner',
  'env',
  'vars',
  'secrets',
  'steps',
  'inputs',
];

/**
 * Which contexts and functions GitHub offers at each key.
 *
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#context-availability
 */
export const availability = {
  fixedText: { place: 'this text, which takes no expressions', contexts: [], functions: [] },
  runName: { place: '`run-name`', contexts: ['github', 'inputs', 'vars'], functions: [] },
  workflowEnv: {
    place: "the workflow's `env`",
    contexts: ['github', 'secrets', 'inputs', 'vars'],
    functions: [],
  },
  jobName: { place: "a job's `name`", contexts: inJob, functions: [] },
  jobIf: { place: "a job's `if`", contexts: ['github', 'needs', 'vars', 'inputs'], functions: status },
  runsOn: { place: '`runs-on`', contexts: inJob, functions: [] },
  environment: { place: '`environment`', contexts: inJob, functions: [] },
  environmentUrl: {
    place: "an environment's `url`",
    contexts: ['github', 'needs', 'strategy', 'matrix', 'job', 'runner', 'env', 'vars', 'steps', 'inputs'],
    functions: [],
  },
  outputs: { place: "a job's `outputs`", contexts: inStep, functions: [] },
  jobEnv: { place: "a job's `env`", contexts: [...inJob, 'secrets'], functions: [] },
  jobDefaults: { place: "a job's `defaults.run`", contexts: [...inJob, 'env'], functions: [] },
  strategy: { place: '`strategy`', contexts: ['github', 'needs', 'vars', 'inputs'], functions: [] },
  jobTimeout: { place: "a job's `timeout-minutes`", contexts: inJob, functions: [] },
  jobContinue: { place: "a job's `continue-on-error`", contexts: inJob, functions: [] },
  stepIf: {
    place: "a step's `if`",
    contexts: ['github', 'needs', 'strategy', 'matrix', 'job', 'runner', 'env', 'vars', 'steps', 'inputs'],
    functions: [...status, 'hashFiles'],
  },
  step: { place: 'a step', contexts: inStep, functions: ['hashFiles'] },
} as const satisfies Record<string, Available>;

/** A place where expressions may stand. */
export type Place = keyof typeof availability;
