import type { Server } from 'node:http';
import { log } from './log.ts';

/** A client that reads nothing cannot hold us for ever. */
const deadlineMs = 15_000;

/** Stops accepting, closes idle connections, and returns when every request is answered. */
export async function closeGracefully(server: Server): Promise<void> {
  const cut = setTimeout(() => {
    log('warn', 'requests still open at the deadline were cut off');
    server.closeAllConnections();
  }, deadlineMs);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearTimeout(cut);
}
