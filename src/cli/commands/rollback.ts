import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import type { ServerClient } from '../../server/index.ts';
import type { RolloutView } from '../../wiring/index.ts';
import { nameApp, nameEnvironment } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { outLook, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { rolloutDisplay } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { follow } from '../follow.ts';
import { rolloutEnded } from '../render/marks.ts';
import { rolloutSummary } from '../render/ship-summary.ts';
import { harmless } from '../render/text.ts';
import { print } from '../terminal.ts';
import { environmentsOf } from './ship.ts';

interface RollbackOptions extends CommonOptions {
  app?: string;
  to?: string;
  force?: boolean;
}

/** Takes an environment back to the revision before, or to the one named. */
export async function rollback(
  context: CliContext,
  options: RollbackOptions,
  named: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const environment = await nameEnvironment(client, app, named);
    const actor = await actorIn(context, context.cwd);
    const { to, force = false } = options;
    const wish = { app, environment, actor, force, ...(to === undefined ? {} : { to }) };
    const { rollout: id, notes = [] } = await client.rollback(wish);
    print(
      context.err,
      notes.map((note) => `note: ${harmless(note)}`),
    );
    return followRollout(context, client, { id, options });
  });
}

/** Shows a rollout until it has ended; Ctrl-C stops only the watching. */
export async function followRollout(
  context: CliContext,
  client: ServerClient,
  { id, options }: { id: string; options: CommonOptions },
): Promise<number> {
  const last = await follow<RolloutView>(context, {
    watch: (signal) => watchAsked(client, id, signal),
    ended: ({ state }) => rolloutEnded(state),
    display: rolloutDisplay(context, options),
  });
  if (!last) {
    print(context.err, [
      `${id} goes on in the server`,
      '  watch it:  slipway status --watch',
      `  abort it:  slipway abort ${id}`,
    ]);
    return exitCodes.interrupted;
  }
  if (!options.json)
    print(context.out, ['', ...rolloutSummary(last, await environmentsOf(client), outLook(context))]);
  return last.state === 'succeeded' ? exitCodes.done : exitCodes.failed;
}

const patienceMs = 10_000;
const retryAfterMs = 50;

/** A rollout that was asked for is there when its environment has heard of it: a moment later. */
async function* watchAsked(
  client: ServerClient,
  id: string,
  signal: AbortSignal,
): AsyncIterable<RolloutView> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      yield* client.watchRollout(id, signal);
      return;
    } catch (error) {
      const notYet = error instanceof CodedError && 'status' in error && error.status === 404;
      if (!notYet || performance.now() > deadline) throw error;
      await sleep(retryAfterMs);
    }
  }
}
