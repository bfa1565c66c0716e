import { join } from 'node:path';
import type { AgentSettings } from '../agent/settings.ts';

/** Where everything of one Traefik lies. */
export interface TraefikPaths {
  /** What Traefik is started with, ours or the user's own: addresses, limits, logs. */
  staticFile: string;
  /** The folder that Traefik watches. */
  dynamicFolder: string;
  /** Everything that depends on routes; replaced whole. */
  dynamicFile: string;
  certificates: string;
  identityFile: string;
  /** What Traefik says of itself. */
  logFile: string;
  /** One line for each finished request. */
  accessLog: string;
  /** Which requests were under way when the access log was last turned over. */
  numbersFile: string;
  /** Nobody else knows the host that marks are asked for. */
  secretFile: string;
}

export function traefikPaths({ folder, ownConfig }: AgentSettings): TraefikPaths {
  return {
    staticFile: ownConfig[0] ?? join(folder, 'traefik.yml'),
    dynamicFolder: join(folder, 'routes'),
    dynamicFile: join(folder, 'routes', 'slipway.yml'),
    certificates: join(folder, 'certificates'),
    identityFile: join(folder, 'traefik.process'),
    logFile: join(folder, 'traefik.log'),
    accessLog: join(folder, 'access.log'),
    numbersFile: join(folder, 'numbers'),
    secretFile: join(folder, 'mark.key'),
  };
}
