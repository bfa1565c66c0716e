export { localEngine, parseAddress, type EngineAddress } from './address.ts';
export type { BuildRequest } from './build.ts';
export type { Containers, ExecRequest } from './containers.ts';
export { openEngine, type DiskUse, type Engine, type EngineEvent, type EngineInfo } from './engine.ts';
export type { Images, PullOptions } from './images.ts';
export type { LabelFilter } from './labels.ts';
export type { Networks, NetworkSettings, Volumes, VolumeSettings } from './networks.ts';
export { sendImages, type Sending, type SendingEnd } from './send-images.ts';
export { writeTar, type TarEntry } from './tar.ts';
