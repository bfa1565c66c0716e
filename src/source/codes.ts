import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `source/`, what it stands for and what to do. */
export const sourceCodes = {
  'bad-ref': { means: 'A branch or tag has a name that git would not take.', todo: 'Rename it.' },
  'bare-repository': { means: 'The repository has no files checked out.', todo: 'Go to a clone of it.' },
  'bundle-incomplete': {
    means: 'The server lacks commits that the sent ones build on.',
    todo: 'Ship again: what is missing is sent.',
  },
  'bundle-unreadable': {
    means: 'What the server received is no bundle of git.',
    todo: 'Ship again; look for a full disk or a broken connection.',
  },
  'detached-head': {
    means: 'No branch is checked out, and the branch decides what runs.',
    todo: '`git switch <branch>`.',
  },
  'dirty-tree': {
    means: 'Files differ from the commit.',
    todo: 'Commit or stash them, or `slipway ship --allow-dirty`.',
  },
  'disk-full': {
    means: 'git found no space to write.',
    todo: 'Free some space on the machine that is named, then try again.',
  },
  'foreign-owner': {
    means: 'The repository belongs to another user, and git refuses it.',
    todo: '`git config --global --add safe.directory <folder>`, if you trust it.',
  },
  'git-failed': {
    means: 'A command of git failed in a way that is not known.',
    todo: 'Read what git says below it; `git fsck` checks the repository.',
  },
  'no-commit': { means: 'The repository has no commit yet.', todo: '`git add . && git commit`.' },
  'no-folder': { means: 'The folder does not exist.', todo: 'Name one that does.' },
  'no-git': {
    means: 'git is not installed, or not on PATH.',
    todo: 'Install it: `sudo apt-get install git`.',
  },
  'not-a-repository': {
    means: 'The folder is in no git repository.',
    todo: 'Go to your repository, or `git init`.',
  },
  shallow: {
    means: 'A part of the history is missing, so the commit cannot be sent.',
    todo: '`git fetch --unshallow`.',
  },
  'unreadable-file': {
    means: 'A changed or new file cannot be read, so it cannot be copied for the run.',
    todo: 'Make it readable, name it in `.gitignore`, or run what is committed: `slipway run --committed`.',
  },
  'unknown-revision': { means: 'git knows no such commit.', todo: 'Look at `git log`.' },
} as const satisfies Catalogue;
