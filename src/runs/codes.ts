import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `runs/`, what it stands for and what to do. */
export const runsCodes = {
  'bad-matrix': {
    means: 'A matrix that an expression computes has no legal combinations.',
    todo: 'Look at what the expression gives, and mend the step that makes it.',
  },
  'bad-input': {
    means: 'A called workflow got an input that is missing, unknown, or of another type.',
    todo: 'Compare the `with:` of the call with the `inputs:` that the called workflow declares.',
  },
  'bad-secret': {
    means: 'A called workflow requires a secret that it does not get, or gets one that it does not declare.',
    todo: 'Compare the `secrets:` of the call with those that the called workflow declares, or write `secrets: inherit`.',
  },
  'unknown-workflow': {
    means: 'A job calls a workflow that the commit does not have.',
    todo: 'Mend the path in `uses:`, or commit the file.',
  },
  'not-callable': {
    means: 'A job calls a workflow that does not let itself be called.',
    todo: 'Add `workflow_call:` to its `on:`.',
  },
  'call-loop': {
    means: 'Workflows call each other in a circle.',
    todo: 'Take one of the calls away.',
  },
  'calls-too-deep': {
    means: "Workflows call each other deeper than GitHub's ten levels.",
    todo: 'Call the inner workflow from further out.',
  },
  'too-many-workflows': {
    means: "A workflow calls more different workflows, directly or not, than GitHub's 50.",
    todo: 'Put some of them together.',
  },
  'group-deadlock': {
    means: 'A job and the workflow that it calls ask for the same concurrency group.',
    todo: 'Keep `concurrency:` in one of the two.',
  },
} as const satisfies Catalogue;

/** A code of this room. */
export type RunsCode = keyof typeof runsCodes;
