export type {
  ComposeProject,
  ComposeService,
  Dependency,
  Deploy,
  FileGrant,
  FileSource,
  Healthcheck,
  Hook,
  ImageBuild,
  Mount,
  NamedVolume,
  Network,
  PublishedPort,
  UpdateRules,
} from './model.ts';
export { withoutPlaces } from './without-places.ts';
