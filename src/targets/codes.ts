import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `targets/`, what it stands for and what to do. */
export const targetsCodes = {
  'bind-elsewhere': {
    means: 'A folder of this machine is to be mounted on another one.',
    todo: 'Put the files into the image, or use a named volume.',
  },
  'bind-outside': {
    means: 'A mount names a folder outside the repository by a relative path.',
    todo: 'Name an absolute path, or a folder inside.',
  },
  'file-elsewhere': {
    means: 'A secret or config cannot be written into a container of another machine.',
    todo: 'Give it another target.',
  },
  'hook-failed': {
    means: 'A `pre_start`, `post_start` or `pre_stop` hook of a service failed.',
    todo: 'Read what it printed, in the end of the log.',
  },
  'invalid-name': {
    means: 'A name that no folder of a revision can have.',
    todo: 'Report it with the message.',
  },
  'name-taken': {
    means: 'A container that Slipway did not make has the name that one of its own needs.',
    todo: 'Rename or remove it.',
  },
  'no-image': {
    means: 'An image of the release is not on the engine, and cannot be brought there.',
    todo: '`slipway ship` makes it again.',
  },
  'no-volume': {
    means: 'A volume that is marked `external` is not there.',
    todo: 'Make it: `docker volume create NAME`.',
  },
  'revision-conflict': {
    means: 'A revision of that number exists with other content.',
    todo: 'Report it with the message.',
  },
  'still-stopping': {
    means: 'A container that is to start again has not ended yet.',
    todo: 'Nothing: it is tried again.',
  },
} as const satisfies Catalogue;
