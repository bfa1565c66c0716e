import { actorIn } from '../commit-of.ts';
import { outLook, type CliContext, type CommonOptions } from '../context.ts';
import { shipDisplay } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { shipSummary } from '../render/ship-summary.ts';
import { print } from '../terminal.ts';

interface RunOptions extends CommonOptions {
  workflow?: string;
  job?: string;
  verbose?: boolean;
  jobEnv?: Record<string, string>;
}

/** Runs the workflows of the commit that is checked out, here and without a server. */
export async function run(context: CliContext, options: RunOptions): Promise<number> {
  const repository = await context.openRepository();
  const dirty = await repository.dirtyFiles();
  if (dirty.length > 0) {
    print(context.err, [
      `note: HEAD is run as committed; ${dirty.length} changed or untracked files are left out`,
    ]);
  }
  const commit = await repository.head();
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => interrupt.abort());
  const { workflow, job } = options;
  const display = shipDisplay(context, { ...options, plain: options.verbose === true });
  try {
    const view = await context
      .runWorkflows({
        root: repository.root,
        commit,
        ref: `refs/heads/${await repository.branch()}`,
        event: 'push',
        actor: await actorIn(context, repository.root),
        ...(workflow === undefined ? {} : { workflow }),
        ...(job === undefined ? {} : { job }),
        machineEnv: await context.machineEnvironment(options.jobEnv ?? {}),
        home: options.home ?? context.defaultHome(),
        onView: (one) => display.show(one),
        onLine: (line) => display.line(line),
        signal: interrupt.signal,
      })
      .finally(() => display.end());
    if (!options.json) print(context.out, ['', ...shipSummary(view, [], outLook(context))]);
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    return view.state === 'succeeded' ? exitCodes.done : exitCodes.failed;
  } finally {
    stopListening();
  }
}
