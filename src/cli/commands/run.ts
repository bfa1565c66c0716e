import { basename } from 'node:path';
import { openMirror, type Repository } from '../../source/index.ts';
import { readApp } from '../app-of.ts';
import { actorIn, gitDirectoryOf } from '../commit-of.ts';
import { outLook, type CliContext, type CommonOptions } from '../context.ts';
import { shipDisplay } from '../display.ts';
import { exitCodes } from '../exit-codes.ts';
import { Mistake } from '../mistake.ts';
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
  const gitDirectory = await gitDirectoryOf(repository.root);
  // Only read: the user's repository answers the same questions as a mirror does.
  const history = await openMirror(gitDirectory);
  const files = {
    read: (path: string) => history.readFile(commit, path),
    list: (prefix: string) => history.listFiles(commit, prefix),
  };
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => interrupt.abort());
  const display = shipDisplay(context, { ...options, plain: options.verbose === true });
  try {
    const view = await context
      .runWorkflows({
        app: await nameOf(repository),
        files,
        gitDirectory,
        info: await repository.commitInfo(commit),
        commit,
        ref: `refs/heads/${await repository.branch()}`,
        defaultBranch: await repository.defaultBranch(),
        event: 'push',
        actor: await actorIn(context, repository.root),
        workflow: options.workflow ?? null,
        job: options.job ?? null,
        machineEnv: await context.machineEnvironment(options.jobEnv ?? {}),
        home: options.home ?? (await context.defaultHome()),
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

/** Workflows also run in a repository that is no app yet. */
async function nameOf(repository: Repository): Promise<string> {
  try {
    return (await readApp(repository)).name;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return basename(repository.root);
  }
}
