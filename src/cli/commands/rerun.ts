import { nameApp } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { newestShip } from './logs.ts';
import { followShip, howToFollow } from './ship.ts';

interface RerunOptions extends CommonOptions {
  app?: string;
  failed?: boolean;
  detach?: boolean;
}

/** Runs a ship that has ended again, or only what failed of it, and follows it as `ship` does. */
export async function rerun(
  context: CliContext,
  options: RerunOptions,
  target: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const old = target ?? (await newestShip(client, await nameApp(context, client, options)));
    const actor = await actorIn(context, context.cwd);
    const id = await client.rerunShip(old, { actor, failed: options.failed ?? false });
    if (!options.detach) return followShip(context, client, { id, options });
    show(context, options, { ship: id }, () => [`${id} runs ${old} again`, ...howToFollow(id)]);
    return exitCodes.done;
  });
}
