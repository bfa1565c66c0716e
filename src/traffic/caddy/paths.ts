import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of one Caddy. */
export interface ProcessPaths {
  /** Its own control socket. */
  admin: string;
  /** What it was told last, and what it is started with. */
  config: string;
  /** What it is about to be told, for its own check. */
  draft: string;
  /** What it has to say. */
  log: string;
  identity: string;
}

/** Where everything is, within the agent's folder. */
export interface CaddyPaths {
  folder: string;
  front: ProcessPaths;
  back: ProcessPaths;
  /** One line a request, for the agent alone; Caddy turns it over and the agent removes what it has read. */
  requests: string;
  /** Leads to the socket of the newest configuration of the back. */
  newest: string;
  /** Addresses by revision, those included that left while requests were open. */
  revisions: string;
  storage: string;
}

export function pathsIn(folder: string): CaddyPaths {
  return {
    folder,
    front: processPaths(folder, 'front'),
    back: processPaths(folder, 'caddy'),
    requests: join(folder, 'requests.log'),
    newest: join(folder, 'newest'),
    revisions: join(folder, 'revisions.json'),
    storage: join(folder, 'storage'),
  };
}

/** Where one configuration of the back listens. */
export function backSocket({ folder }: CaddyPaths, generation: number): string {
  return join(folder, `back-${generation}`);
}

/** Sockets of a back that was killed. */
export async function removeSockets({ folder }: CaddyPaths): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('back-')) await rm(join(folder, name), { force: true });
}

function processPaths(folder: string, name: string): ProcessPaths {
  return {
    admin: join(folder, `${name}.admin`),
    config: join(folder, `${name}.json`),
    draft: join(folder, `${name}.draft.json`),
    log: join(folder, `${name}.log`),
    identity: join(folder, `${name}.process`),
  };
}
