import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** What a browser is told over TLS: for a year, come by TLS only. Subdomains are for others to decide. */
export const strictTransport = 'max-age=31536000';

/** Whether a request came over TLS to this very process. */
export function isSecure(request: IncomingMessage): boolean {
  return request.socket instanceof TLSSocket;
}
