import type { IncomingMessage } from 'node:http';
import { request as requestTls, type RequestOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** One request to shop.example.com over TLS, on a connection of its own; `serial` is of the certificate that was shown. */
export function overTls(port: number, more: RequestOptions) {
  return new Promise<{ headers: IncomingMessage['headers']; body: string; serial: string }>(
    (resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        agent: false as const,
        rejectUnauthorized: false,
        servername: 'shop.example.com',
        headers: { host: 'shop.example.com' },
        ...more,
      };
      const outgoing = requestTls(options, (response) => {
        let body = '';
        const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber;
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ headers: response.headers, body, serial }));
      });
      outgoing.on('error', reject);
      outgoing.end();
    },
  );
}
