import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodedError } from '../../diagnostics/index.ts';
import type { ListenAddress } from './arguments.ts';

/** Opens a server at its address, or at an inherited socket. @throws CodedError `traffic/listen-failed` */
export function listening(server: Server, listen: ListenAddress, fd: number | null): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const message = `cannot listen on ${listen.host}:${listen.port}: ${error.message}`;
      reject(new CodedError('traffic/listen-failed', message, { cause: error }));
    });
    server.listen({ ...(fd === null ? listen : { fd }), backlog: 4_096 }, resolve);
  });
}

/** Where a server listens; null before it does. */
export function addressOf(server: Server): ListenAddress | null {
  const address = server.address() as AddressInfo | null;
  return address && { host: address.address, port: address.port };
}

/** No public way to a listening socket's descriptor exists; child_process itself reads it here. */
export function descriptorOf(server: Server): number {
  const handle = Reflect.get(server, '_handle') as { fd: number } | null;
  if (!handle || handle.fd < 0)
    throw new CodedError('traffic/upgrade-failed', 'the listening socket cannot be handed over');
  return handle.fd;
}
