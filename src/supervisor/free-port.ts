import { createServer } from 'node:net';

const first = 20_000;
const count = 10_000;

interface PortChoice {
  /** The port it had before; kept while nobody else has taken it. */
  preferred: number | null;
  /** Ports promised to others, whether they listen yet or not. */
  isPromised: (port: number) => boolean;
}

/** Finds a port in 20000-29999 that nobody listens on. Promise it before the next turn of the event loop. */
export async function chooseFreePort(choice: PortChoice): Promise<number> {
  const { preferred, isPromised } = choice;
  if (preferred !== null && (await isFree(preferred))) return preferred;
  const start = Math.floor(Math.random() * count);
  for (let offset = 0; offset < count; offset++) {
    const port = first + ((start + offset * 7) % count);
    if (!isPromised(port) && (await isFree(port)) && !isPromised(port)) return port;
  }
  throw new Error(`no port is free in ${first}-${first + count - 1}`);
}

async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::'));
}

/** A machine without IPv6 has nobody listening there either. */
function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'EADDRINUSE' && error.code !== 'EACCES');
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
