import { createHash } from 'node:crypto';

/** Labels of everything that Slipway makes on an engine; nothing without `home` is ever touched. */
export const label = {
  /** Id of the home that owns it. */
  home: 'slipway.home',
  /** `medianest/production` */
  scope: 'slipway.scope',
  /** `r7-web-1`; copies alone have it. */
  instance: 'slipway.instance',
  /** Key of a task; tasks alone have it. */
  task: 'slipway.task',
  /** `r7`, or `shared` */
  revision: 'slipway.revision',
  process: 'slipway.process',
  release: 'slipway.release',
  /** What can be changed by hand afterwards, as it was. */
  expected: 'slipway.expected',
} as const;

/** The revision of what all revisions of an environment have in common. */
export const sharedRevision = 'shared';

/** `slipway-medianest-production-r7-web-1`, for a copy's id or a task's key. */
export function containerName(scope: string, id: string): string {
  return `${prefix(scope)}-${id}`;
}

/** A network of one revision, or without one of the whole environment, by its key in the Compose file. */
export function networkName(scope: string, key: string, revision: string | null): string {
  const whose = revision === null ? prefix(scope) : `${prefix(scope)}-${revision}`;
  return key === 'default' ? whose : `${whose}_${key}`;
}

/** A volume by its key in the Compose file. */
export function volumeName(scope: string, key: string): string {
  return `${prefix(scope)}_${key}`;
}

/** Name for an image that is built here: only images whose names are all of this kind are ever removed. */
export function builtImageName(app: string, key: string): string {
  return `${builtImagePrefix}${app}:${key.replace(/^sha256:/, '').slice(0, 40)}`;
}

/** What the names of all images that Slipway built begin with. */
const builtImagePrefix = 'slipway/';

/** Repository of the marks on images that a home has pulled. */
export const pulledRepository = `${builtImagePrefix}pulled`;

/** Whether a name is one of those that Slipway gives what it builds. */
export function isBuiltName(name: string): boolean {
  return name.startsWith(builtImagePrefix) && !name.startsWith(`${pulledRepository}:`);
}

/**
 * A name for an image that says: this home has pulled it, under that other name. It holds no more than hashes, since a
 * tag is short; the image's id keeps one apart from the next that takes over its name.
 */
export function pulledMark(homeId: string, name: string, id: string): string {
  return `${pulledRepository}:${homeId}-${shortHash(repositoryOf(name))}-${shortHash(name)}-${shortHash(id)}`;
}

/** What a mark of this home says. */
export interface PulledMark {
  isOf(name: string): boolean;
  /** Of any tag or digest in the same repository. */
  isOfRepository(name: string): boolean;
}

/** The marks of a home among the names of an image. */
export function pulledMarks(homeId: string, names: readonly string[]): PulledMark[] {
  const start = `${pulledRepository}:${homeId}-`;
  return names
    .filter((name) => name.startsWith(start))
    .map((mark) => {
      const [repository, whole] = mark.slice(start.length).split('-');
      return {
        isOf: (name) => shortHash(name) === whole,
        isOfRepository: (name) => shortHash(repositoryOf(name)) === repository,
      };
    });
}

/** A name without tag and digest; a colon before the last slash is a registry's port. */
export function repositoryOf(name: string): string {
  return name.replace(/@.*$/, '').replace(/:[^:/]+$/, '');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function prefix(scope: string): string {
  return `slipway-${scope.replaceAll('/', '-')}`;
}
