import type { LogQuery, ServerClient } from '../../server/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { nameApp, nameEnvironment } from '../app-of.ts';
import { withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { logLineText } from '../render/ship-plain.ts';
import { print } from '../terminal.ts';

interface LogsOptions extends CommonOptions {
  app?: string;
  follow?: boolean;
  process?: string;
  job?: string;
  lines?: number;
}

/** Prints logs of an environment's processes, or of a ship's jobs. */
export async function logs(
  context: CliContext,
  options: LogsOptions,
  target: string | undefined,
): Promise<number> {
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => interrupt.abort());
  try {
    return await withServer(context, options, async (client) => {
      const query = {
        ...(await queryFor(context, client, { options, target })),
        process: options.process,
        job: options.job,
        lines: options.lines,
        follow: options.follow,
      };
      for await (const line of client.logs(query, interrupt.signal)) {
        print(context.out, [options.json ? JSON.stringify(line) : logLineText(line)]);
      }
      return interrupt.signal.aborted ? exitCodes.interrupted : exitCodes.done;
    });
  } finally {
    stopListening();
  }
}

/** A name of an environment means its processes, anything else a ship; `--job` alone the newest ship, nothing at all `production`. */
async function queryFor(
  context: CliContext,
  client: ServerClient,
  { options, target }: { options: LogsOptions; target: string | undefined },
): Promise<LogQuery> {
  const status = await client.status();
  const known = status.ships.some(({ id }) => id === target);
  if (known) return { ship: target };
  const environments = new Set(status.environments.map(({ environment }) => environment));
  if (target !== undefined && !environments.has(target)) return { ship: target };
  const app = await nameApp(context, client, options);
  if (target !== undefined || options.job === undefined) {
    return { app, environment: await nameEnvironment(client, app, target) };
  }
  return { ship: await newestShip(client, app) };
}

/** The id of the newest ship of an app. */
export async function newestShip(client: ServerClient, app: string): Promise<string> {
  const [newest] = await client.ships({ app, limit: 1 });
  if (newest) return newest.id;
  throw new CodedError('cli/no-ship', `nothing of ${app} has been shipped yet`, {
    help: 'ship it: slipway ship',
  });
}
