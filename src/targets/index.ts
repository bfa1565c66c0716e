export { processEnvironment } from './process/environment.ts';
export { createProcessTarget } from './process/process-target.ts';
export type { CommandSpec, InstanceSpec, Probe, ProcessTarget } from './process/model.ts';
