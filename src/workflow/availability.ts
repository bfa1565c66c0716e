import type { Available, FunctionName } from '../expressions/index.ts';

const status: readonly FunctionName[] = ['always', 'cancelled', 'success', 'failure'];
const inJob = ['github', 'needs', 'strategy', 'matrix', 'vars', 'inputs'] as const;
const inRunner = [...inJob, 'job', 'runner', 'env', 'steps'] as const;
const inAction = ['github', 'inputs', 'strategy', 'matrix', 'steps', 'job', 'runner', 'env'] as const;
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
  callInput: {
    place: "a called workflow's input",
    contexts: ['github', 'inputs', 'vars'],
    functions: [],
  },
  callOutput: {
    place: "a called workflow's output",
    contexts: ['github', 'inputs', 'vars', 'jobs'],
    functions: [],
  },
  jobName: { place: "a job's `name`", contexts: inJob, functions: [] },
  jobIf: {
    place: "a job's `if`",
    contexts: ['github', 'needs', 'vars', 'inputs'],
    functions: status,
    statusOfJobs: true,
  },
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
  workflowConcurrency: {
    place: "the workflow's `concurrency`",
    contexts: ['github', 'inputs', 'vars'],
    functions: [],
  },
  jobConcurrency: { place: "a job's `concurrency`", contexts: inJob, functions: [] },
  container: { place: 'a container', contexts: inJob, functions: [] },
  credentials: {
    place: "a container's `credentials`",
    contexts: [...inJob, 'secrets', 'env'],
    functions: [],
  },
  containerEnv: { place: "a container's `env`", contexts: [...inRunner, 'secrets'], functions: [] },
  snapshotIf: { place: "a snapshot's `if`", contexts: inJob, functions: [] },
  callWith: { place: "a called workflow's `with`", contexts: inJob, functions: [] },
  callSecrets: {
    place: "a called workflow's `secrets`",
    contexts: [...inJob, 'secrets'],
    functions: [],
  },
  compositeStep: { place: 'a step of an action', contexts: inAction, functions: ['hashFiles'] },
  compositeIf: { place: "an action's `if`", contexts: inAction, functions: [...status, 'hashFiles'] },
  actionIf: {
    place: "an action's `pre-if` and `post-if`",
    contexts: ['github', 'inputs', 'strategy', 'matrix', 'job', 'runner', 'env'],
    functions: [...status, 'hashFiles'],
  },
  actionInputDefault: {
    place: "an input's `default`",
    contexts: ['github', 'strategy', 'matrix', 'job', 'runner'],
    functions: ['hashFiles'],
  },
  actionOutput: { place: "an action's output", contexts: inAction, functions: [] },
  dockerAction: { place: 'the arguments of a container action', contexts: ['inputs'], functions: [] },
} as const satisfies Record<string, Available>;

/** A place where expressions may stand. */
export type Place = keyof typeof availability;
