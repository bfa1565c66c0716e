import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `local/`, what it stands for and what to do. */
export const localCodes = {
  'no-combination': {
    means: 'No combination of a matrix has the values that --matrix asks for.',
    todo: 'Run without `--matrix` to see the combinations.',
  },
  'no-such-event': { means: 'GitHub has no event of that name.', todo: 'Name one that it has.' },
  'no-such-job': {
    means: 'No workflow has a job of that id or name.',
    todo: '`slipway run --list` shows all.',
  },
  'no-such-workflow': {
    means: 'There is no workflow of that file or name.',
    todo: 'Name one of those listed.',
  },
  'no-such-step': {
    means: 'The job has no step of that number, id or name.',
    todo: 'Name one of those listed.',
  },
  'no-workflows': {
    means: 'The folder holds no workflow.',
    todo: 'Write `.github/workflows/ci.yml`, or name another folder with `-W`.',
  },
  'nothing-failed': { means: 'No job of the last run failed.', todo: '`slipway run` runs all again.' },
  'nothing-kept': {
    means: 'Nothing of this repository has been run here yet.',
    todo: '`slipway run` first.',
  },
  'nothing-to-run': {
    means: 'No workflow is started by this event and branch.',
    todo: '`slipway run <event>` or `slipway run -W <file>`.',
  },
  'step-not-reached': {
    means: 'The last run ended before that step.',
    todo: 'Name an earlier step, or run the whole job.',
  },
  'under-way': {
    means: 'The last run of the repository, of which a part is to be run again, has not ended yet.',
    todo: 'Wait for its end, or end it where it runs.',
  },
  'workflow-changed': {
    means: 'A workflow file is not what it was at the last run, so no part of that run can go on.',
    todo: '`slipway run`, with `-j` for one job.',
  },
} as const satisfies Catalogue;

/** One of this room's codes. */
export type LocalCode = `local/${keyof typeof localCodes}`;
