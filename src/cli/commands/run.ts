import { readFile } from 'node:fs/promises';
import { CodedError } from '../../diagnostics/index.ts';
import type { LocalPlan, LocalRequest, LocalView } from '../../local/index.ts';
import { outLook, type CliContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { pauseShell } from '../pause-shell.ts';
import { runDisplay } from '../run-display.ts';
import { runSummary } from '../render/run-summary.ts';
import type { RunFlags } from '../run-flags.ts';
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

/**
 * Runs a plan to its end and says how it went.
 *
 * @param work.cancel - Ends it beside Ctrl-C.
 */
export async function runPlan(
  context: CliContext,
  flags: RunFlags,
  work: { plan: LocalPlan; request: LocalRequest; cancel?: AbortSignal },
): Promise<number> {
  const { plan, request } = work;
  const interrupt = new AbortController();
  const killer = new AbortController();
  const display = runDisplay(context, flags);
  const stopListening = context.onInterrupt(() => {
    if (!interrupt.signal.aborted) {
      interrupt.abort();
      display.note('ending what runs; Ctrl-C once more kills it');
      return;
    }
    killer.abort();
    display.end(null);
    context.exitNow(exitCodes.interrupted);
  });
  let view: (() => LocalView) | null = null;
  const cancel = work.cancel ? AbortSignal.any([interrupt.signal, work.cancel]) : interrupt.signal;
  try {
    const last = await context.runLocally(plan, request, {
      cancel,
      kill: killer.signal,
      onChange: (now) => {
        view = now;
        display.changed(now);
      },
      onLines: (lines) => {
        if (view) display.lines(lines, view);
      },
      ...(flags.pauseOnFailure && { onFailedStep: pauseShell(context, display, cancel) }),
    });
    display.end(last);
    if (!flags.json) print(context.out, ['', ...runSummary(last, await summariesOf(last), outLook(context))]);
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    return last.state === 'success' ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    display.end(null);
    throw error;
  } finally {
    stopListening();
  }
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

async function summariesOf(view: LocalView): Promise<Map<string, string>> {
  const files = view.runs.flatMap(({ jobs }) => jobs.flatMap(({ summaryFile }) => summaryFile ?? []));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return new Map(files.map((file, index) => [file, texts[index] ?? '']));
}
