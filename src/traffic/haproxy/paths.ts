import { join } from 'node:path';

/** Where everything of one HAProxy lies. */
export interface HaproxyPaths {
  config: string;
  /** Configuration that is being tried. */
  draft: string;
  maps: { facts: string; weights: string; hosts: string };
  pages: string;
  certificates: string;
  slots: string;
  identity: string;
  log: string;
  /** Command socket of the process that takes new connections. */
  commands: string;
  /** Command socket of the master, which reaches every process. */
  master: string;
  /** Requests here are written to the log and nothing else. */
  mark: string;
  /** Takes what an old process still gets on its kept connections. */
  onward: string;
  onwardTls: string;
}

/** The paths of one HAProxy in its folder. */
export function pathsIn(folder: string): HaproxyPaths {
  return {
    config: join(folder, 'haproxy.cfg'),
    draft: join(folder, 'haproxy.cfg.draft'),
    maps: {
      facts: join(folder, 'facts.map'),
      weights: join(folder, 'weights.map'),
      hosts: join(folder, 'hosts.map'),
    },
    pages: join(folder, 'pages'),
    certificates: join(folder, 'certificates'),
    slots: join(folder, 'slots.json'),
    identity: join(folder, 'haproxy.pid'),
    log: join(folder, 'haproxy.log'),
    commands: join(folder, 'cmd.sock'),
    master: join(folder, 'master.sock'),
    mark: join(folder, 'mark.sock'),
    onward: join(folder, 'on.sock'),
    onwardTls: join(folder, 'ontls.sock'),
  };
}
