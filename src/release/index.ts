export type { NodeToolchain } from './install.ts';
export { imageKey, imagesFor, wantedImages, withHookImages } from './images.ts';
export type { ReleaseImage, WantedImage } from './images.ts';
export { makeRelease } from './make-release.ts';
export type { ImageSource, ReleaseInputs } from './make-release.ts';
export { planRelease } from './plan-release.ts';
export type { ReleaseFacts, ReleasePlan } from './plan-release.ts';
export {
  readRelease,
  releaseDirectory,
  removeLeftovers,
  removeRelease,
  verifyRelease,
} from './release-store.ts';
export type { Damage } from './release-store.ts';
export type { Release, RunArtifact } from './release.ts';
