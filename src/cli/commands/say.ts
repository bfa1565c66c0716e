import type { Verb } from '../../delivery/index.ts';
import { nameApp, nameEnvironment } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

interface SayOptions extends CommonOptions {
  app?: string;
  full?: boolean;
  reason?: string;
}

type Say = (context: CliContext, options: SayOptions, named: string | undefined) => Promise<number>;

/** Ends the present hold or the bake of a rollout, or all that are left. */
export const promote: Say = say('promote', (id, environment) => `${id} goes on in ${environment}`);
/** Lets a rollout go on that waits for a reviewer. */
export const approve: Say = say('approve', (id, environment) => `${id} is approved for ${environment}`);
/** Sends a rollout back that waits for a reviewer. */
export const reject: Say = say('reject', (id, environment) => `${id} is rejected for ${environment}`);
/** Keeps a rollout where it is. */
export const pause: Say = say('pause', (id, environment) => `${id} is paused in ${environment}`);
/** Lets a rollout go on that was paused. */
export const resume: Say = say('resume', (id, environment) => `${id} goes on in ${environment}`);

function say(verb: Verb, done: (id: string, environment: string) => string): Say {
  return (context, options, named) =>
    withServer(context, options, async (client) => {
      const app = await nameApp(context, client, options);
      const environment = await nameEnvironment(client, app, named);
      const actor = await actorIn(context, context.cwd);
      const { full, reason } = options;
      const more = { ...(full === undefined ? {} : { full }), ...(reason === undefined ? {} : { reason }) };
      const rollout = await client.say({ app, environment, verb, actor, ...more });
      show(context, options, { rollout }, () => [`${done(rollout, environment)}; see: slipway status`]);
      return exitCodes.done;
    });
}
