import { nameApp, nameEnvironment } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { sizeText } from '../../app/index.ts';
import { followRollout } from './rollback.ts';

interface MendOptions extends CommonOptions {
  app?: string;
  environment?: string;
}

/** Starts what serves anew beside itself, so that whatever was changed by hand is gone. */
export async function repair(
  context: CliContext,
  options: MendOptions,
  named: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const environment = await nameEnvironment(client, app, named);
    const actor = await actorIn(context, context.cwd);
    const id = await client.repair({ app, environment, actor });
    return followRollout(context, client, { id, options });
  });
}

/** Replaces a shared service by what the revision that serves says of it. */
export async function apply(context: CliContext, options: MendOptions, service = ''): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const environment = await nameEnvironment(client, app, options.environment);
    const actor = await actorIn(context, context.cwd);
    await client.applyShared({ app, environment, service, actor });
    show(context, options, { service }, () => [
      `${service} of ${app}/${environment} stops, and starts as what serves defines it; without a definition there it is gone for good, and its data stays; see: slipway status`,
    ]);
    return exitCodes.done;
  });
}

/** Removes containers, networks, images and releases' files that nothing needs any more. */
export async function gc(
  context: CliContext,
  options: CommonOptions & { dryRun?: boolean },
): Promise<number> {
  return withServer(context, options, async (client) => {
    const view = await client.collect(options.dryRun === true);
    show(context, options, view, () => {
      const { dryRun, containers, networks, images, releases, freedBytes, warnings } = view;
      const gone = [...containers, ...networks, ...images, ...releases];
      const verb = dryRun ? 'would remove' : 'removed';
      return [
        ...gone.map((name) => `${verb} ${name}`),
        ...(gone.length === 0 ? ['nothing is left behind'] : []),
        ...(freedBytes === 0 ? [] : [`freed ${sizeText(freedBytes)}`]),
        ...warnings.map((warning) => `warning: ${warning}`),
      ];
    });
    return exitCodes.done;
  });
}
