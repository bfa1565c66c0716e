import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `runs/`, what it stands for and what to do. */
export const runsCodes = {
  'bad-matrix': {
    means: 'A matrix that an expression computes has no legal combinations.',
    todo: 'Look at what the expression gives, and mend the step that makes it.',
  },
} as const satisfies Catalogue;
