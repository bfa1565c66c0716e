import type { App } from '../../app/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { report, simulationPage, type Traffic } from '../../simulation/index.ts';
import { nameApp, nameEnvironment, readApp } from '../app-of.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { recordedTraffic } from '../recorded-traffic.ts';
import { simulationLines } from '../render/simulation-lines.ts';
import { questionOf, type SimulationWishes } from '../simulated.ts';
import { writePage } from '../write-page.ts';

interface SimulateOptions extends CommonOptions, SimulationWishes {
  recorded?: boolean;
  rollouts?: number;
  seed?: number;
  output?: string;
  app?: string;
}

/** Plays rollouts of an environment by chance, and tells what its judge would have done. */
export async function simulate(
  context: CliContext,
  options: SimulateOptions,
  named: string | undefined,
): Promise<number> {
  const app = await appHere(context);
  const recorded = options.recorded ? await recordedOf(context, options, named) : {};
  const question = questionOf(app, named, { wishes: options, recorded });
  const told = report(question, { rollouts: options.rollouts ?? 1_000, seed: options.seed ?? 1 });
  show(context, options, told, () => simulationLines(told, outLook(context)));
  if (options.output !== undefined)
    await writePage(context, options.output, {
      page: simulationPage(told),
      example: 'slipway simulate --output page.html',
    });
  return exitCodes.done;
}

/** Null outside of a repository. */
async function appHere(context: CliContext): Promise<App | null> {
  const repository = await context.openRepository().catch((error: unknown) => {
    if (error instanceof CodedError && error.code === 'source/not-a-repository') return null;
    throw error;
  });
  return repository && readApp(repository);
}

function recordedOf(
  context: CliContext,
  options: SimulateOptions,
  named: string | undefined,
): Promise<Partial<Traffic>> {
  return withServer(context, options, async (client) => {
    const app = await nameApp(context, client, options);
    const environment = await nameEnvironment(client, app, named);
    const { environments } = await client.status();
    const view = environments.find((one) => one.app === app && one.environment === environment);
    return recordedTraffic(view, { app, environment, nowMs: context.nowMs() });
  });
}
