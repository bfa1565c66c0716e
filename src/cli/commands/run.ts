import { readFile } from 'node:fs/promises';
import type { LocalRequest, LocalView } from '../../local/index.ts';
import type { CliContext } from '../context.ts';
import { outLook } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { runSummary } from '../render/run-summary.ts';
import { runDisplay } from '../run-display.ts';
import type { RunFlags } from '../run-flags.ts';
import { readValues } from '../run-values.ts';
import { print } from '../terminal.ts';

/** Runs workflows here and without a server, on the files as they are now. */
export async function run(context: CliContext, flags: RunFlags, event?: string): Promise<number> {
  const request = await requestOf(context, flags, event);
  const plan = await context.planLocally(request);
  const { list, dryrun } = flags;
  if (list || dryrun) {
    const pages = await import('../render/run-pages.ts');
    if (flags.json) print(context.out, pages.planJson(plan));
    else print(context.out, (list ? pages.listPage : pages.dryrunPage)(plan, outLook(context)));
    return exitCodes.done;
  }
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => interrupt.abort());
  const display = runDisplay(context, flags);
  let view: (() => LocalView) | null = null;
  try {
    const last = await context.runLocally(plan, request, {
      cancel: interrupt.signal,
      onChange: (now) => {
        view = now;
        display.changed(now);
      },
      onLines: (lines) => {
        if (view) display.lines(lines, view);
      },
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
