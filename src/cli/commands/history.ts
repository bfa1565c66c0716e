import { nameApp } from '../app-of.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { historyPage } from '../render/history-page.ts';

interface HistoryOptions extends CommonOptions {
  app?: string;
  limit?: number;
}

/** Lists rollouts, newest first. */
export async function history(
  context: CliContext,
  options: HistoryOptions,
  environment: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const entries = await client.history({ app, environment, limit: options.limit ?? 20 });
    show(context, options, entries, () => historyPage(entries, outLook(context), context.nowMs()));
    return exitCodes.done;
  });
}
