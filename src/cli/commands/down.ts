import { here } from '../../delivery/index.ts';
import type { ServerClient } from '../../server/index.ts';
import { placeOf, show, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { harmless } from '../render/text.ts';

interface DownOptions extends CommonOptions {
  all?: boolean;
}

/** Machines that go on serving the apps of a server; none that can be told when it does not run. */
async function machinesElsewhere(client: ServerClient): Promise<string[]> {
  const { environments } = await client.status().catch(() => ({ environments: [] }));
  const names = environments.flatMap(({ machines }) => machines.map(({ name }) => name));
  return [...new Set(names)].filter((name) => name !== here);
}

/** Ends the server; with `--all` also the apps and everything that serves them. */
export async function down(context: CliContext, options: DownOptions): Promise<number> {
  const all = options.all === true;
  const place = await placeOf(context, options);
  const client = await context.connect(place);
  const left = all ? await machinesElsewhere(client) : [];
  if ('host' in place) await client.shutdown(all);
  client.close();
  const warnings = 'host' in place ? [] : await context.stopServer({ home: place.home, all });
  show(context, options, { stopped: true, all, left, warnings }, () =>
    all
      ? [
          ...warnings.map((warning) => `warning: ${harmless(warning)}`),
          'the server, the router and all apps have ended',
          ...left.map(
            (name) => `  what runs on ${name} goes on; end it there: ssh ${name} slipway down --all`,
          ),
        ]
      : [
          'the server has ended; apps go on and are still served',
          '  back again: slipway up',
          '  apps, too:  slipway down --all',
        ],
  );
  return exitCodes.done;
}
