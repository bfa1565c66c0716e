export { processEnvironment } from './process/environment.ts';
export { createProcessTarget } from './process/process-target.ts';
export type { CommandSpec, InstanceSpec, Probe, ProcessTarget } from './process/model.ts';
export { isPlaceholder } from './docker/data-folder.ts';
export { createDockerTarget } from './docker/docker-target.ts';
export {
  builtImageName,
  containerName,
  isBuiltName,
  label as containerLabel,
  networkName,
  pulledMark,
  sharedRevision,
  volumeName,
} from './docker/names.ts';
export { endContainer } from './docker/end-container.ts';
export { runLastHooks } from './docker/hooks.ts';
export { pullImage } from './docker/pull-image.ts';
export { unneededImages } from './docker/unneeded-images.ts';
export type { DockerTargetOptions } from './docker/place.ts';
export type {
  Collected,
  ContainerFile,
  ContainerProbe,
  ContainerSpec,
  CopySpec,
  DockerTarget,
  Keep,
  NeededImage,
  PreparationSpec,
  TaskSpec,
} from './docker/model.ts';
