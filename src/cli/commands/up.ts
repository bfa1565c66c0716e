import type { RouterWish } from '../../wiring/index.ts';
import { outLook, show, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { defaultListen, startRequest } from '../local-server.ts';
import { short } from '../render/marks.ts';
import { harmless, paint } from '../render/text.ts';

interface UpOptions extends CommonOptions, RouterWish {
  http?: string;
  foreground?: boolean;
  jobEnv?: Record<string, string>;
}

function routerWish({
  router,
  https,
  certificates,
  acme,
  acmeEmail,
  acmeRoot,
  ownConfig,
  trustProxy,
}: UpOptions): RouterWish {
  return { router, https, certificates, acme, acmeEmail, acmeRoot, ownConfig, trustProxy };
}

/** Starts the server of this machine, or says that it runs already. */
export async function up(context: CliContext, options: UpOptions): Promise<number> {
  const home = options.home ?? context.defaultHome();
  await context.chooseRouter(home, routerWish(options));
  const request = await startRequest(context, home, options);
  if (options.foreground) {
    await context.runServer({ ...request, listen: request.listen ?? defaultListen });
    return exitCodes.done;
  }
  const { health, started } = await context.startServer(request);
  const client = await context.connect({ home });
  const { environments } = await client.status();
  client.close();
  show(context, options, { ...health, started }, () => {
    const look = outLook(context);
    const serving = environments.flatMap(({ app, environment, serving, urls }) =>
      serving
        ? [
            `  ${app}/${environment}  ${serving.revision}  ${short(serving.commit)} ${harmless(serving.title)}  ${urls[0] ?? ''}`,
          ]
        : [],
    );
    return [
      `${paint(look, 'green', '✓')} the server ${started ? 'runs now' : 'was running already'} (process ${health.pid})`,
      `  users    http://${health.listen}`,
      ...(health.listenTls === null ? [] : [`           https://${health.listenTls}`]),
      `  home     ${health.home}`,
      ...health.warnings.map((warning) => `  ${paint(look, 'yellow', 'warning')}: ${harmless(warning)}`),
      ...(serving.length > 0
        ? ['serving', ...serving]
        : ['  next     in the repository of an app: slipway ship']),
    ];
  });
  return exitCodes.done;
}
