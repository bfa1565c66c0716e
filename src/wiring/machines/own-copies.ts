import type { ProcessStatus, Supervisor } from '../../supervisor/index.ts';
import { containersOn, type LogContainer } from '../container-logs.ts';
import type { Docker } from '../docker.ts';

/** What copies of this machine are found with. */
export interface CopyParts {
  supervisor: Pick<Supervisor, 'list'>;
  docker: Pick<Docker, 'engine' | 'homeId'>;
}

/** A copy on this machine. */
export type OwnCopy = { id: string } & (
  { kind: 'process'; status: ProcessStatus } | { kind: 'container'; container: LogContainer }
);

/** Those of the copies that are on this machine. The engine is asked only for what is no process. */
export async function ownCopies(
  scope: string,
  ids: readonly string[],
  { supervisor, docker }: CopyParts,
): Promise<OwnCopy[]> {
  const statuses = await supervisor.list(scope);
  const processes = ids.flatMap((id): OwnCopy[] => {
    const status = statuses.find((one) => one.id === `${scope}/${id}`);
    return status ? [{ id, kind: 'process', status }] : [];
  });
  if (processes.length === ids.length) return processes;
  const found = await containersOn(scope, docker);
  const containers = found
    .filter(({ instance }) => ids.includes(instance) && !processes.some(({ id }) => id === instance))
    .map((container): OwnCopy => ({ id: container.instance, kind: 'container', container }));
  return [...processes, ...containers];
}
