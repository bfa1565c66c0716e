import type { ConnectRouter } from '@connectrpc/connect';
import type { Feed } from './feed.ts';
import { addService, services } from './protocol.ts';

/** A stream that has nothing to say stays silent: its messages are documents, and a client would count each as a change. */
const neverIdleMs = 2 ** 31 - 1;

/** Hands the whole document over, and each next one, to clients that evaluate flags themselves. */
export function addSync(router: ConnectRouter, feed: Feed): void {
  addService(router, services.sync, {
    fetchAllFlags: () => ({ flagConfiguration: feed.now.text }),
    syncFlags: (_request, { signal }) => documentsOf(feed, signal),
  });
}

async function* documentsOf(feed: Feed, signal: AbortSignal) {
  for await (const next of feed.versions(signal, neverIdleMs)) {
    if (next !== null) yield { flagConfiguration: next.text };
  }
}
