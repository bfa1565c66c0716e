import { CodedError } from '../diagnostics/index.ts';
import type { ServerClient } from '../server/index.ts';
import type { CliContext, CommonOptions, StartRequest } from './context.ts';
import { placeOf } from './context.ts';
import { print } from './terminal.ts';

interface StartOptions {
  http?: string;
  jobEnv?: Record<string, string>;
}

/** Where users' requests are taken when nobody says otherwise. */
export const defaultListen = '127.0.0.1:8080';

/** Asks for a server of this machine; `SLIPWAY_HTTP` speaks where no flag does. */
export function startRequest(context: CliContext, home: string, options: StartOptions = {}): StartRequest {
  const listen = options.http ?? context.env.SLIPWAY_HTTP ?? defaultListen;
  return { home, listen, jobEnv: options.jobEnv ?? {} };
}

/** A client of the server that the flags name; one of this machine is started when none runs. */
export async function serverWithStart(context: CliContext, options: CommonOptions): Promise<ServerClient> {
  const place = await placeOf(context, options);
  const client = await context.connect(place);
  if ('host' in place) return client;
  try {
    await client.health();
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'server/unreachable') throw error;
    const { health } = await context.startServer(startRequest(context, place.home));
    print(context.err, [`started a server; users are answered at http://${health.listen}`]);
  }
  return client;
}
