import { familyUse } from '../../supervisor/index.ts';
import type { LogContainer } from '../container-logs.ts';
import type { CopyUse } from './model.ts';
import { ownCopies, type CopyParts } from './own-copies.ts';

/** What copies of this machine use now. One that does not run is left out. Throws `docker/…`. */
export async function copyUse(scope: string, ids: readonly string[], parts: CopyParts): Promise<CopyUse[]> {
  const copies = await ownCopies(scope, ids, parts);
  const used = await Promise.all(
    copies.map(async (copy) => {
      const use =
        copy.kind === 'container'
          ? await containerUse(copy.container)
          : copy.status.pid === null
            ? null
            : familyUse(copy.status.pid);
      return use && { id: copy.id, ...use };
    }),
  );
  return used.filter((use) => use !== null);
}

async function containerUse({ engine, name }: LogContainer): Promise<Omit<CopyUse, 'id'> | null> {
  const found = await engine.containers.inspect(name);
  if (!found?.State.Running) return null;
  return { start: found.State.StartedAt, ...(await engine.containers.use(name)) };
}
