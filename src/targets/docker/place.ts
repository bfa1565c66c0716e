import { join } from 'node:path';
import type { Engine } from '../../docker/index.ts';
import type { Supervisor } from '../../supervisor/index.ts';

/** What the Docker target works with. */
export interface DockerTargetOptions {
  engine: Engine;
  supervisor: Supervisor;
  /** The server's home. */
  home: string;
  /** Its id, which stands in the labels of all that it makes: two homes may share an engine. */
  homeId: string;
}

/** The part of it that starting a container takes; an act has no supervisor. */
export type Place = Pick<DockerTargetOptions, 'engine' | 'home' | 'homeId'>;

/** Folder for what belongs to the containers of an environment: orders for acts, files that cannot lie in a container. */
export function containersFolder(home: string, scope: string): string {
  const [app = '', ...environment] = scope.split('/');
  return join(home, 'apps', app, 'containers', ...environment);
}
