import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import type { ListenAddress } from '../agent/settings.ts';
import { generationHeader } from './parts.ts';
import { markHeader } from './static-configuration.ts';

const answerTimeoutMs = 2_000;

/** A request of the agent's own through the address that users reach. */
interface Mark {
  listen: ListenAddress;
  /** Null for clear text; else the name of a certificate. */
  tlsName: string | null;
  host: string;
  /** Stands in the access log. */
  mark: string;
}

/** @returns The generation of the configuration that answered; null when none of ours did. */
export function askGeneration({ listen, tlsName, host, mark }: Mark): Promise<string | null> {
  const options = {
    host: reachable(listen.host),
    port: listen.port,
    agent: false as const,
    timeout: answerTimeoutMs,
    headers: { host, [markHeader]: mark },
  };
  const tls = { servername: tlsName ?? '', rejectUnauthorized: false };
  return new Promise((resolve) => {
    const take = (response: IncomingMessage) => {
      response.resume();
      response.on('error', () => resolve(null));
      const header = response.headers[generationHeader.toLowerCase()];
      response.on('end', () => resolve(typeof header === 'string' ? header : null));
    };
    const outgoing = begin(tlsName === null ? options : { ...options, ...tls }, tlsName !== null, take);
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(null));
    outgoing.end();
  });
}

function begin(options: RequestOptions, secure: boolean, take: (response: IncomingMessage) => void) {
  return secure ? requestTls(options, take) : request(options, take);
}

/** Where to reach what listens at every address. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
