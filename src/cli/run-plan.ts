import { readFile } from 'node:fs/promises';
import type { LocalPlan, LocalRequest, LocalView } from '../local/index.ts';
import { outLook, type CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { pauseShell } from './pause-shell.ts';
import { runSummary } from './render/run-summary.ts';
import { runDisplay } from './run-display.ts';
import type { RunFlags } from './run-options.ts';
import { print } from './terminal.ts';

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

async function summariesOf(view: LocalView): Promise<Map<string, string>> {
  const files = view.runs.flatMap(({ jobs }) => jobs.flatMap(({ summaryFile }) => summaryFile ?? []));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return new Map(files.map((file, index) => [file, texts[index] ?? '']));
}
