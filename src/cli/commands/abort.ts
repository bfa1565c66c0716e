import { CodedError, didYouMean } from '../../diagnostics/index.ts';
import type { StatusView } from '../../wiring/index.ts';
import { nameApp } from '../app-of.ts';
import { actorIn } from '../commit-of.ts';
import { show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

interface AbortOptions extends CommonOptions {
  app?: string;
}

function requireEnvironment({ environments, ships }: StatusView, name: string): void {
  const names = [...new Set(environments.map(({ environment }) => environment))];
  if (names.includes(name)) return;
  const under = [...environments.flatMap(({ rollout }) => rollout?.id ?? []), ...ships.map(({ id }) => id)];
  const near = didYouMean(name, [...names, ...under]);
  throw new CodedError('cli/unknown-target', `nothing under way and no environment is called "${name}"`, {
    notes: [`environments: ${names.join(', ') || 'none yet'}`, `under way: ${under.join(', ') || 'nothing'}`],
    help: near === undefined ? 'see "slipway status"' : `did you mean "${near}"?`,
  });
}

/** Stops what is under way: users stay on, or go back to, what served them before. */
export async function abort(
  context: CliContext,
  options: AbortOptions,
  target: string | undefined,
): Promise<number> {
  return withServer(context, options, async (client) => {
    const actor = await actorIn(context, context.cwd);
    const status = await client.status();
    const isShip = status.ships.some(({ id }) => id === target);
    if (target !== undefined && isShip) {
      await client.cancelShip(target, actor);
      show(context, options, { ship: target }, () => [`${target} is being cancelled; see: slipway status`]);
      return exitCodes.done;
    }
    const isRollout = status.environments.some(({ rollout }) => rollout?.id === target);
    if (target !== undefined && !isRollout) requireEnvironment(status, target);
    const request = isRollout
      ? { rollout: target }
      : { app: await nameApp(context, client, options), environment: target };
    const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
    const rollouts = await client.abort({ ...given, actor });
    // A rollout that is gone leaves its ship failed; ships without one are cancelled themselves.
    const ships =
      target === undefined ? status.ships.filter(({ app }) => app === given.app).map(({ id }) => id) : [];
    for (const id of ships) await client.cancelShip(id, actor);
    show(context, options, { rollouts, ships }, () => {
      const all = [...rollouts, ...ships];
      if (all.length === 0) return ['nothing is under way'];
      return [`aborted: ${all.join(', ')}; see: slipway status`];
    });
    return exitCodes.done;
  });
}
