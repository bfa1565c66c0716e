import { renderFinding } from '../../diagnostics/index.ts';
import type { ServerClient } from '../../server/index.ts';
import type { EnvironmentView, ShipView } from '../../wiring/index.ts';
import { describeCommit, sendCommit } from '../commit-of.ts';
import { outLook, show, type CliContext, type CommonOptions } from '../context.ts';
import { shipDisplay } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { follow } from '../follow.ts';
import { serverWithStart } from '../local-server.ts';
import { shipSummary } from '../render/ship-summary.ts';
import { print } from '../terminal.ts';

interface ShipOptions extends CommonOptions {
  allowDirty?: boolean;
  detach?: boolean;
}

/** Sends the commit that is checked out to the server and follows it until it is live, or is not. */
export async function ship(context: CliContext, options: ShipOptions): Promise<number> {
  const repository = await context.openRepository();
  if (!options.allowDirty) await repository.requireClean();
  await repository.requireComplete();
  const request = await describeCommit(context, repository);
  const client = await serverWithStart(context, options);
  try {
    await sendCommit(client, repository, request);
    const { ship: id, warnings = [], sources = {} } = await client.ship(request);
    const texts = new Map(Object.entries(sources));
    for (const warning of warnings)
      print(context.err, [renderFinding(warning, { sources: texts, color: context.err.color })]);
    if (options.detach) {
      show(context, options, { ship: id }, () => [`${id} is under way`, ...howToFollow(id)]);
      return exitCodes.done;
    }
    return await followShip(context, client, { id, options });
  } finally {
    client.close();
  }
}

/** Shows a ship until it has ended; Ctrl-C stops only the watching. */
export async function followShip(
  context: CliContext,
  client: ServerClient,
  { id, options }: { id: string; options: CommonOptions },
): Promise<number> {
  const last = await follow<ShipView>(context, {
    watch: (signal) => client.watchShip(id, signal),
    ended: ({ state }) => state !== 'running',
    display: shipDisplay(context, options),
  });
  if (!last) {
    print(context.err, [`${id} goes on in the server`, ...howToFollow(id)]);
    return exitCodes.interrupted;
  }
  if (!options.json)
    print(context.out, ['', ...shipSummary(last, await environmentsOf(client), outLook(context))]);
  return last.state === 'succeeded' ? exitCodes.done : exitCodes.failed;
}

/** Commands about a ship under way. */
export function howToFollow(id: string): string[] {
  return [
    '  watch it:  slipway status --watch',
    `  its logs:  slipway logs -f ${id}`,
    '  abort it:  slipway abort',
  ];
}

/** What is live now; the summary stands without it when the server has just gone. */
export async function environmentsOf(client: ServerClient): Promise<EnvironmentView[]> {
  try {
    return (await client.status()).environments;
  } catch {
    return [];
  }
}
