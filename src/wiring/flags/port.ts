import type { Store } from '../../store/index.ts';

/** Where flagd itself listens, and the first port that is tried. */
const firstPort = 8013;
const lastPort = 8999;
/** Apps are on the same machine; nobody else is to read flags. */
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
 * themselves. Evaluated in the app, so that answers need no way and outlive a restart of the server.
 */
export async function flagVariables(
  scope: string,
  store: Pick<Store, 'documents'>,
): Promise<Record<string, string>> {
  const port = await portOf(scope, store);
  if (port === null) return {};
  return {
    FLAGD_HOST: flagHost,
    FLAGD_PORT: String(port),
    FLAGD_SYNC_PORT: String(port),
    FLAGD_RESOLVER: 'in-process',
    FLAGD_RETRY_BACKOFF_MAX_MS: String(longestRetryMs),
  };
}
