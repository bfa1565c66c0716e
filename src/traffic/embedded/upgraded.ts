import type { Duplex } from 'node:stream';

/**
 * Passes bytes both ways until both ends are closed. Either end's death ends the other.
 *
 * @param onClosed - Called once.
 */
export function joinSockets(client: Duplex, upstream: Duplex, onClosed: () => void): void {
  let open = 2;
  const closed = (other: Duplex) => () => {
    other.destroy();
    if (--open === 0) onClosed();
  };
  // Errors end in 'close', which is all that matters here.
  client.on('error', ignore).on('close', closed(upstream));
  upstream.on('error', ignore).on('close', closed(client));
  client.pipe(upstream);
  upstream.pipe(client);
}

function ignore(): void {}
