export { createBundle } from './bundle.ts';
export type { CommitInfo } from './commit.ts';
export { openMirror } from './mirror.ts';
export type { Mirror } from './mirror.ts';
export { openRepository } from './repository.ts';
export type { DirtyFile, Repository } from './repository.ts';
