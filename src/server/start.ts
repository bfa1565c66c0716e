import type { HealthView } from '../wiring/index.ts';
import type { StartRequest } from './run-server.ts';

/*
 * The doors to what starts, stops and is a server. A client loads none of it, so that `slipway status` answers at once;
 * the rest of the house comes with the first call.
 */

/** As `startServer` of start-server.ts. */
export async function startServer(
  request: Omit<StartRequest, 'listen'> & { listen: string | null },
): Promise<{ health: HealthView; started: boolean }> {
  return (await import('./start-server.ts')).startServer(request);
}

/** As `stopServer` of start-server.ts. */
export async function stopServer(request: { home: string; all: boolean }): Promise<string[]> {
  return (await import('./start-server.ts')).stopServer(request);
}

/** As `runServer` of run-server.ts. */
export async function runServer(request: StartRequest): Promise<void> {
  return (await import('./run-server.ts')).runServer(request);
}
