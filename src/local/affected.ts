import { notIgnored, readWorkTree } from '../source/index.ts';
import { triggers } from '../workflow/index.ts';
import { planLocally } from './plan.ts';
import type { LocalRequest } from './request.ts';

/**
 * Which of the workflows that a request would run are concerned by saved files: a workflow by its own file or one that it
 * calls, others by their path filters. Files that git ignores concern nobody.
 *
 * @returns Paths of workflow files.
 */
export async function affectedBy(request: LocalRequest, saved: readonly string[]): Promise<string[]> {
  const { root } = await readWorkTree(request.directory);
  const paths = await notIgnored(root, saved);
  if (paths.length === 0) return [];
  const { runs } = await planLocally({ ...request, only: null });
  const others = paths.filter((path) => !runs.some((run) => filesOf(run).includes(path)));
  return runs
    .filter(
      (run) =>
        filesOf(run).some((file) => paths.includes(file)) || (others.length > 0 && letsThrough(run, others)),
    )
    .map(({ workflow }) => workflow.file);
}

type Planned = Awaited<ReturnType<typeof planLocally>>['runs'][number];

function filesOf({ workflow, called }: Planned): string[] {
  return [workflow, ...Object.values(called)].map(({ file }) => file);
}

/** Whatever else the event is filtered by has been asked before. */
function letsThrough({ workflow, event }: Planned, changedFiles: string[]): boolean {
  const own = workflow.triggers
    .filter((trigger) => trigger.event === event.name)
    .map(({ event: name, at, paths, pathsIgnore }) => ({
      event: name,
      at,
      ...(paths && { paths }),
      ...(pathsIgnore && { pathsIgnore }),
    }));
  if (own.every(({ paths, pathsIgnore }) => !paths && !pathsIgnore)) return true;
  const [first] = own;
  return (
    first !== undefined &&
    triggers({ ...workflow, triggers: own }, { name: first.event, ref: event.ref, changedFiles })
  );
}
