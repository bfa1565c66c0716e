import { CodedError } from '../../diagnostics/index.ts';
import type { LocalPlan, LocalRequest } from '../../local/index.ts';
import { outLook, type CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import type { RunFlags } from '../run-options.ts';
import { runPlan } from '../run-plan.ts';
import { readValues } from '../run-values.ts';
import { print } from '../terminal.ts';

/** Runs workflows here and without a server, on the files as they are now. */
export async function run(context: CliContext, flags: RunFlags, event?: string): Promise<number> {
  requireTerminal(context, flags);
  // Git looks around while the rest is loaded.
  const reading = context.readWorkTree();
  reading.catch(() => {});
  const request = await requestOf(context, flags, event);
  if (flags.watch) {
    const { watchAndRun } = await import('../run-watch.ts');
    return await watchAndRun(context, flags, request);
  }
  const plan = await context.planLocally(request, reading);
  if (flags.list || flags.dryrun) return await showPlan(context, flags, plan);
  return await runPlan(context, flags, { plan, request });
}

function requireTerminal({ stdin, out }: CliContext, { pauseOnFailure, json }: RunFlags): void {
  if (!pauseOnFailure || (stdin.isTTY && out.live && !json)) return;
  throw new CodedError('cli/no-terminal', '--pause-on-failure opens a shell, and this is no terminal', {
    help: 'leave it out here, or go on later from the failed step: slipway run -j <job> --from <step>',
  });
}

async function showPlan(context: CliContext, flags: RunFlags, plan: LocalPlan): Promise<number> {
  const pages = await import('../render/run-pages.ts');
  const page = flags.list ? pages.listPage : pages.dryrunPage;
  print(context.out, flags.json ? pages.planJson(plan) : page(plan, outLook(context)));
  return exitCodes.done;
}

async function requestOf(
  context: CliContext,
  flags: RunFlags,
  event: string | undefined,
): Promise<LocalRequest> {
  const values = await readValues(context, flags);
  const step = flags.step ?? flags.from;
  return {
    ...values,
    directory: context.cwd,
    home: flags.home ?? context.defaultHome(),
    event: event ?? null,
    workflows: flags.workflows ?? flags.workflow ?? null,
    jobs: flags.job ?? [],
    matrix: flags.matrix ?? [],
    actor: flags.actor ?? null,
    user: context.user,
    hostLabels: flags.platform ?? [],
    parallel: flags.parallel ?? null,
    committed: flags.committed === true,
    again: flags.failed
      ? { kind: 'failed' }
      : step === undefined
        ? null
        : { kind: 'step', step, onlyIt: flags.step !== undefined, job: flags.job?.[0] ?? null },
    only: null,
    machineEnv: {
      ...(await context.machineEnvironment({})),
      // What people have at hand in this shell, their workflows have too.
      ...(context.env.PATH ? { PATH: context.env.PATH } : {}),
      ...values.env,
    },
  };
}
