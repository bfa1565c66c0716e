import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `targets/`, what it stands for and what to do. */
export const targetsCodes = {
  'invalid-name': {
    means: 'A name that no folder of a revision can have.',
    todo: 'Report it with the message.',
  },
  'revision-conflict': {
    means: 'A revision of that number exists with other content.',
    todo: 'Report it with the message.',
  },
} as const satisfies Catalogue;
