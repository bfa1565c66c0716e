import { CodedError } from '../diagnostics/index.ts';
import type { ServerClient } from '../server/index.ts';
import type { CliContext, CommonOptions } from './context.ts';
import { placeOf } from './context.ts';
import { print } from './terminal.ts';

interface StartOptions {
  http?: string;
  jobEnv?: Record<string, string>;
}

/** Where users' requests are taken when nobody says otherwise. */
export const defaultListen = '127.0.0.1:8080';

/** How a server of this machine is wanted; `SLIPWAY_HTTP` speaks where no flag does, null where neither does. */
export async function startRequest(context: CliContext, home: string, options: StartOptions = {}) {
  const listen = options.http ?? context.env.SLIPWAY_HTTP ?? null;
  return { home, listen, jobEnv: await context.machineEnvironment(options.jobEnv ?? {}) };
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
    const { health } = await context.startServer(await startRequest(context, place.home));
    print(context.err, [`started a server; users are answered at http://${health.listen}`]);
  }
  return client;
}
