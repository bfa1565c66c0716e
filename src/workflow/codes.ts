import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings, without its `workflow/`, what it stands for and what to do. */
export const workflowCodes = {
  yaml: {
    means: 'The file is not YAML.',
    todo: 'Mend the syntax at the place that is marked; indent with spaces.',
  },
  empty: {
    means: 'The file holds nothing.',
    todo: 'Write a workflow into it, or delete the file.',
  },
  'too-large': {
    means: 'The file, or what its aliases stand for, is larger than any workflow.',
    todo: 'Split the workflow into several files.',
  },
  'too-deep': {
    means: 'A matrix value nests too deeply.',
    todo: 'Flatten the value.',
  },
  'wrong-type': {
    means: 'A value is of another kind than its key takes.',
    todo: 'Write it in the form that the message shows.',
  },
  'unknown-key': {
    means: 'A key that GitHub does not know.',
    todo: 'Use one of the keys listed; look for a typing mistake.',
  },
  'duplicate-key': {
    means: 'A key stands twice in one mapping.',
    todo: 'Keep one of the two.',
  },
  'missing-key': {
    means: 'Something that must be there is not.',
    todo: 'Add the key that is named.',
  },
  'conflicting-keys': {
    means: 'Keys that cannot stand together.',
    todo: 'Keep one of them.',
  },
  'invalid-name': {
    means: 'An id or a name with characters that it cannot have.',
    todo: 'Rename it with the characters that are allowed.',
  },
  'invalid-value': {
    means: 'A value that is none of those allowed.',
    todo: 'Use one of the values listed.',
  },
  'invalid-pattern': {
    means: 'A filter pattern that is malformed, or that can match nothing.',
    todo: 'Mend the pattern, or remove it.',
  },
  'invalid-schedule': {
    means: 'A `cron` of other than five POSIX fields, or a time zone that does not exist.',
    todo: 'Write minute, hour, day, month and weekday, such as `17 3 * * 1-5`.',
  },
  'not-supported': {
    means: 'GitHub knows it and this version does not do it.',
    todo: 'Follow the help: it names what does the same here. A workflow that only GitHub is to run goes into a file whose `on:` no push starts.',
  },
  'no-effect': {
    means: 'Accepted, and said to do nothing here.',
    todo: 'Nothing; remove it if it puzzles readers.',
  },
  'no-expression': {
    means: 'An expression where none is evaluated.',
    todo: 'Write the value itself.',
  },
  'no-token': {
    means: 'The GitHub token is asked for, which does not exist here.',
    todo: 'Use git over ssh or a secret of your own.',
  },
  'unknown-event': {
    means: 'An event that GitHub does not know.',
    todo: 'Use one of the events listed.',
  },
  'unknown-action': {
    means: 'An action without a version, or in a version that is not built in.',
    todo: 'Name an action and a version from the list, or do its work in a `run:` step.',
  },
  'unknown-workflow': {
    means: 'The `uses` of a job does not name a workflow file.',
    todo: 'Write ./.github/workflows/name.yml.',
  },
  'unknown-input': {
    means: 'An input that the action or workflow does not have.',
    todo: 'Use one of the inputs listed.',
  },
  'missing-input': {
    means: 'An input that the action or workflow cannot do without.',
    todo: 'Add it under `with:`, or as `--input name=value`.',
  },
  'unknown-job': {
    means: 'A job needs one that is not defined.',
    todo: 'Name a job of this file in `needs:`.',
  },
  'needs-cycle': {
    means: 'Jobs wait for each other.',
    todo: 'Remove one of the jobs of the circle from the `needs:` of another.',
  },
  'duplicate-step-id': {
    means: 'Two steps of a job have one id.',
    todo: 'Rename one of them.',
  },
  'unknown-step': {
    means: 'An expression names a step that is not there.',
    todo: 'Name a step of this job, and give that step the `id:`.',
  },
  'unknown-need': {
    means: 'An expression names a job that this job does not need.',
    todo: 'Add the job to `needs:`.',
  },
  'unknown-property': {
    means: 'An expression asks a step or job for what none has.',
    todo: 'Use one of those listed.',
  },
  'unknown-output': {
    means: 'An expression asks for an output that is not declared.',
    todo: 'Declare it under `outputs:` of that job.',
  },
  'unknown-axis': {
    means: 'An expression asks for a value that the matrix does not have.',
    todo: 'Add it to `strategy: matrix:`, or use one of the names listed.',
  },
  'later-step': {
    means: 'An expression asks for a step that runs only later.',
    todo: 'Move the step up, or read it later.',
  },
  'empty-matrix': {
    means: 'The matrix has no combination, so the job would never run.',
    todo: 'Give each axis a value.',
  },
  'matrix-too-large': {
    means: 'The matrix has more combinations than are allowed.',
    todo: 'Remove axes or values, or split the job.',
  },
  'script-injection': {
    means: 'What a stranger wrote is pasted into a script, where it becomes commands.',
    todo: "Pass it through the step's `env`, and use the variable in the script.",
  },
  'deprecated-command': {
    means: 'A script prints a command that is deprecated, or refused.',
    todo: 'Write to the file that the help names.',
  },
  'printed-secret': {
    means: 'A script prints a secret into the log.',
    todo: 'Remove the line.',
  },
  'untrusted-checkout': {
    means: "A workflow with the repository's secrets checks out the work of a stranger.",
    todo: 'Build it on `pull_request`, which has no secrets.',
  },
  'deprecated-input': {
    means: 'An input that the action wants no more.',
    todo: 'Do what its message says.',
  },
  'unknown-secret': {
    means: 'A called workflow is given a secret that it does not take.',
    todo: 'Remove it, or declare it in the called workflow.',
  },
  'missing-secret': {
    means: 'A called workflow is not given a secret that it needs.',
    todo: 'Add it under `secrets:`, or write `secrets: inherit`.',
  },
  'idle-matrix-entry': {
    means: 'A value or an entry of a matrix that changes nothing, or stands twice.',
    todo: 'Remove it, or mend its value.',
  },
} as const satisfies Catalogue;

/** Code of a finding of this room. */
export type WorkflowCode = keyof typeof workflowCodes;
