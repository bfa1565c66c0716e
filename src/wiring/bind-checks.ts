import type { ComposeProject, ComposeService, Mount } from '../compose/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import { isPlaceholder } from '../targets/index.ts';
import type { CommitFiles } from './repository-files.ts';

/**
 * Finds mounts that look writable and are not: a release is never written into, so what the commit has is mounted
 * read-only. A folder may be one for data, so it is a warning; of a file, mostly configuration, a note is enough.
 */
export async function checkBinds(
  { services }: ComposeProject,
  files: Pick<CommitFiles, 'list'>,
): Promise<Finding[]> {
  const mounts = services.flatMap((service) => service.mounts.map((mount) => ({ service, mount })));
  const found = await Promise.all(
    mounts.map(async ({ service, mount }) => {
      if (mount.kind !== 'bind' || mount.readOnly || mount.source.startsWith('/')) return [];
      const paths = await files.list(mount.source === '.' ? '' : mount.source);
      if (paths.includes(mount.source)) return [readOnlyMount(service, mount, 'note')];
      return paths.every(isPlaceholder) ? [] : [readOnlyMount(service, mount, 'warning')];
    }),
  );
  return found.flat();
}

function readOnlyMount(
  { name }: ComposeService,
  { source, target, at }: Mount & { kind: 'bind' },
  severity: 'note' | 'warning',
): Finding {
  const what = severity === 'note' ? `the file ${source}` : `the folder ${source}`;
  return {
    code: 'wiring/read-only-mount',
    severity,
    message: `"${name}" gets ${what} of the commit at ${target}, and cannot write there: it is mounted read-only`,
    at,
    notes: ['it belongs to the release, which is never changed'],
    help: `write ":ro" behind it to say that this is meant (read_only: true in the long form); for data use a named volume${severity === 'note' ? '' : ', or keep nothing but a .gitkeep of the folder in the commit'}`,
  };
}
