import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `release/`, what it stands for and what to do. */
export const releaseCodes = {
  'artifact-outside': {
    means: 'An artifact would write outside of the release.',
    todo: 'Leave paths with `..` and links to elsewhere out of it.',
  },
  damaged: {
    means: 'A release on disk is not what was made.',
    todo: 'Find out who changed it; ship the commit again.',
  },
  'install-failed': {
    means: '`npm ci` failed while the release was made.',
    todo: 'Read what npm says below it; try `npm ci --omit=dev` at home.',
  },
  'no-artifact': {
    means: '`release.artifact` names what the pipeline does not upload.',
    todo: 'Upload it with actions/upload-artifact, or name another.',
  },
  'no-lockfile': {
    means: 'There are dependencies and no lock file to install them from.',
    todo: 'Commit a package-lock.json.',
  },
  'no-npm': {
    means: "npm is not on the machine's PATH.",
    todo: 'Install npm, or upload an artifact that needs none and set `install: false`.',
  },
  'other-image': {
    means: 'A variable has changed, so that a service wants an image that the release was not made with.',
    todo: 'Ship the commit again.',
  },
  'special-file': {
    means: 'A socket, pipe or device is among the files.',
    todo: 'Leave it out of the artifact.',
  },
} as const satisfies Catalogue;
