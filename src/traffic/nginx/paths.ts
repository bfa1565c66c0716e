import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AgentSettings } from '../agent/settings.ts';

/** Where everything of one nginx lies. */
export interface NginxPaths {
  /** The configuration that nginx is started with: ours, or the user's own. */
  mainFile: string;
  /** Slipway's part of it. */
  partFile: string;
  /** There while a configuration was put in place that nginx may not serve yet. */
  pendingFile: string;
  certificates: string;
  identityFile: string;
  logFile: string;
  /** What nginx's workers must reach; they may be another user. */
  run: string;
  pages: string;
  accessLog: string;
  errorLog: string;
  pidFile: string;
  /** Where nginx tells how many requests it is at. */
  statusSocket: string;
}

/** Where root's nginx has what it needs while it runs. */
export const sharedRun = '/run/slipway-nginx-';

/** As root nginx's workers are another user, whom no home lets in; as anyone else they are the same. */
export function nginxPaths({ folder, ownConfig }: AgentSettings, isRoot: boolean): NginxPaths {
  const mark = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  const run = isRoot ? `${sharedRun}${mark}` : join(folder, 'run');
  return {
    mainFile: ownConfig[0] ?? join(folder, 'nginx.conf'),
    partFile: join(folder, 'slipway.conf'),
    pendingFile: join(folder, 'pending'),
    certificates: join(folder, 'certificates'),
    identityFile: join(folder, 'nginx.process'),
    logFile: join(folder, 'nginx.log'),
    run,
    pages: join(run, 'pages'),
    accessLog: join(run, 'access.log'),
    errorLog: join(run, 'error.log'),
    pidFile: join(run, 'nginx.pid'),
    statusSocket: join(run, 'status'),
  };
}
