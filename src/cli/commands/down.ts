import { placeOf, show, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';

interface DownOptions extends CommonOptions {
  all?: boolean;
}

/** Ends the server; with `--all` also the apps and everything that serves them. */
export async function down(context: CliContext, options: DownOptions): Promise<number> {
  const all = options.all === true;
  const place = await placeOf(context, options);
  if ('host' in place) {
    const client = await context.connect(place);
    await client.shutdown(all);
    client.close();
  } else await context.stopServer({ home: place.home, all });
  show(context, options, { stopped: true, all }, () =>
    all
      ? ['the server, the router and all apps have ended']
      : [
          'the server has ended; apps go on and are still served',
          '  back again: slipway up',
          '  apps, too:  slipway down --all',
        ],
  );
  return exitCodes.done;
}
