import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

interface ProbeRequest {
  /** An address, never a name: `127.0.0.1` unless told, or a container's own. */
  host?: string;
  port: number;
  /** HTTP path; null asks only for an open port. */
  path: string | null;
  /** Takes any answer for ready, whatever its status. */
  anyStatus?: boolean;
  probeTimeoutMs: number;
}

const loopback = '127.0.0.1';
const mostBodyBytes = 64 * 1024;
const shownCharacters = 200;

/**
 * Asks a copy whether it is ready: 2xx to a GET, or an open port. Redirects are not followed and no name
 * is looked up, so no answer leads anywhere else. The body counts as read after 64 KiB.
 *
 * @returns null when ready, else why not, in words for the user. Never throws.
 */
export async function probe(asking: ProbeRequest): Promise<string | null> {
  const { port, path, probeTimeoutMs } = asking;
  const signal = AbortSignal.timeout(probeTimeoutMs);
  const asked = path === null ? `port ${port}` : `GET ${path} on port ${port}`;
  try {
    return path === null ? await openPort(asking, signal) : await get({ ...asking, path }, signal);
  } catch (error) {
    if (signal.aborted) return `${asked} did not answer within ${probeTimeoutMs} ms`;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return `nothing listens on port ${port}`;
    return `${asked} failed: ${message}`;
  }
}

function openPort({ host = loopback, port }: ProbeRequest, signal: AbortSignal): Promise<null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.on('error', reject);
    socket.once('connect', () => {
      resolve(null);
      // Said goodbye to, not reset: a copy that greets first must not be hurt by its own probe.
      socket.resume().end();
    });
  });
}

async function get(asking: ProbeRequest & { path: string }, signal: AbortSignal): Promise<string | null> {
  const { host = loopback, port, path, anyStatus = false } = asking;
  const headers = { host: 'localhost', 'user-agent': 'slipway-probe', connection: 'close' };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ host, port, path, agent: false, headers, signal });
    outgoing.on('error', reject);
    outgoing.once('response', resolve);
    outgoing.end();
  });
  const body = await readStart(response);
  const status = response.statusCode ?? 0;
  if (anyStatus || (status >= 200 && status < 300)) return null;
  const shown = body
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, shownCharacters)
    .trim();
  return `GET ${path} on port ${port} answered ${status}${shown === '' ? '' : `: ${shown}`}`;
}

/** Reads to the end or to the limit, whichever comes first: a body that never ends is no reason to wait. */
async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= mostBodyBytes) break;
  }
  return Buffer.concat(chunks).toString('latin1');
}
