import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../store/index.ts';
import type { Layout } from '../layout.ts';

/** Where flagd itself listens, and the first port that is tried. */
const firstPort = 8013;
const lastPort = 8999;
/** Processes are on the same machine; nobody else is to read flags. */
export const flagHost = '127.0.0.1';

/** An app that lost its connection looks again so soon; by themselves, providers wait two minutes. */
const longestRetryMs = 1_000;

const kind = 'flag-port';

/** The port of an environment, which it keeps; null before its first flags. */
export async function portOf(scope: string, store: Pick<Store, 'documents'>): Promise<number | null> {
  const known = await store.documents.get(kind, scope);
  return known === null ? null : (known.body as number);
}

/**
 * Opens something on the port of an environment. At the first time it finds one that is free, and keeps it: the app is
 * told it as it starts, and must find it there for as long as it runs.
 *
 * @throws The error of the system when the port is taken by somebody else.
 */
export async function openOnPort<T>(
  scope: string,
  store: Pick<Store, 'documents'>,
  open: (port: number) => Promise<T>,
): Promise<T> {
  const kept = await portOf(scope, store);
  if (kept !== null) return open(kept);
  const taken = new Set((await store.documents.list(kind)).map(({ body }) => body as number));
  for (let port = firstPort; port <= lastPort; port++) {
    if (taken.has(port)) continue;
    const opened = await open(port).catch(refuseOthers);
    if (opened === null) continue;
    await store.documents.put(kind, scope, port);
    return opened;
  }
  throw new Error(`every port from ${firstPort} to ${lastPort} is taken`);
}

function refuseOthers(error: NodeJS.ErrnoException): null {
  if (error.code === 'EADDRINUSE' || error.code === 'EACCES') return null;
  throw error;
}

/**
 * What processes of an environment are told of its flags: variables that the providers of OpenFeature for flagd read by
 * themselves.
 */
export async function flagVariables(
  scope: string,
  store: Pick<Store, 'documents'>,
): Promise<Record<string, string>> {
  const port = await portOf(scope, store);
  if (port === null) return {};
  return { FLAGD_HOST: flagHost, FLAGD_PORT: String(port), FLAGD_SYNC_PORT: String(port), ...usual };
}

/** Evaluated in the app, so that answers need no way and outlive a restart of the server. */
const usual = { FLAGD_RESOLVER: 'in-process', FLAGD_RETRY_BACKOFF_MAX_MS: String(longestRetryMs) };

/** How containers of an environment reach its flags, and no other's. */
export interface FlagDoor {
  /** Holds the socket, and nothing else. A folder, for each server makes a new socket. */
  folder: string;
  /** Where the folder is mounted. */
  target: string;
  variables: Record<string, string>;
}

/** Short, as its folder is: a home with room for the router's socket has room for this one in 107 bytes. */
const socketName = 'sock';
const folderInside = '/run/slipway-flags';

/** The door of an environment; null before its first flags. */
export async function flagDoor(
  scope: string,
  { store, layout }: { store: Pick<Store, 'documents'>; layout: Pick<Layout, 'flags'> },
): Promise<FlagDoor | null> {
  const port = await portOf(scope, store);
  if (port === null) return null;
  const folder = await doorFolder(port, layout);
  const variables = { FLAGD_SOCKET_PATH: join(folderInside, socketName), ...usual };
  return { folder, target: folderInside, variables };
}

/** The socket of the environment that has this port, in a folder that is there. */
export async function doorSocket(port: number, layout: Pick<Layout, 'flags'>): Promise<string> {
  return join(await doorFolder(port, layout), socketName);
}

/** Open to every user of a container that it is mounted into; on the machine the home above it is closed to others. */
async function doorFolder(port: number, layout: Pick<Layout, 'flags'>): Promise<string> {
  const folder = join(layout.flags, String(port));
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await chmod(folder, 0o755);
  return folder;
}
