import type { IncomingHttpHeaders } from 'node:http';

/** Headers that end at the router (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The end-to-end headers of an app's response as name, value, name, value. */
export function responseHeaders(received: IncomingHttpHeaders): string[] {
  const connection = received.connection;
  const named =
    connection === undefined || connection === 'keep-alive' || connection === 'close'
      ? undefined
      : new Set(connection.toLowerCase().split(/\s*,\s*/));
  const headers: string[] = [];
  for (const name in received) {
    if (hopByHop.has(name) || (named?.has(name) && name !== 'content-length')) continue;
    const value = received[name];
    if (typeof value === 'string') headers.push(name, value);
    else if (value) for (const one of value) headers.push(name, one);
  }
  return headers;
}

/** The length of a body that is known before it is sent; -1 when it is not. */
export function knownLength(received: IncomingHttpHeaders): number {
  const value = received['content-length'];
  return value === undefined ? -1 : Number(value);
}
