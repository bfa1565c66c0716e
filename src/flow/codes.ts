import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `flow/`, what it stands for and what to do. */
export const flowCodes = {
  'unknown-kind': {
    means: 'The database holds work that this version does not know.',
    todo: 'Start the newer version that made it.',
  },
} as const satisfies Catalogue;
