export { composeCodes } from './codes.ts';
export { namesComposeFiles } from './file-list.ts';
export { loadCompose } from './load.ts';
export type { ComposeInput } from './load.ts';
export type {
  ComposeProject,
  ComposeService,
  Dependency,
  Deploy,
  FileGrant,
  FileSource,
  Healthcheck,
  Hook,
  HostConfigExtras,
  ImageBuild,
  Mount,
  NamedVolume,
  Network,
  PublishedPort,
  UpdateRules,
} from './model.ts';
export type { ComposeSources } from './service.ts';
export type { StandIns } from './stand-ins.ts';
export { parseBytes } from './units.ts';
export { composeFileNames, usualComposeFiles } from './usual-files.ts';
export { withoutPlaces } from './without-places.ts';
