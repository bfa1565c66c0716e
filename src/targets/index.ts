export { processEnvironment } from './process/environment.ts';
export { createProcessTarget } from './process/process-target.ts';
export type { CommandSpec, InstanceSpec, Probe, ProcessTarget } from './process/model.ts';
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
