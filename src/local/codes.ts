import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `local/`, what it stands for and what to do. */
export const localCodes = {
  'no-called-workflow': {
    means: 'A job calls a workflow file that is not in the repository.',
    todo: 'Write its path from the top of the repository.',
  },
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
  'no-workflows': {
    means: 'The folder holds no workflow.',
    todo: 'Write `.github/workflows/ci.yml`, or name another folder with `-W`.',
  },
  'nothing-to-run': {
    means: 'No workflow is started by this event and branch.',
    todo: '`slipway run <event>` or `slipway run -W <file>`.',
  },
} as const satisfies Catalogue;

/** One of this room's codes. */
export type LocalCode = `local/${keyof typeof localCodes}`;
