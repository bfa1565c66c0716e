import { mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../diagnostics/index.ts';

interface RevisionFolder {
  home: string;
  scope: string;
  revision: string;
  /** The release's files. */
  directory: string;
}

/**
 * Makes `<home>/apps/<app>/revisions/<environment>/<revision>` point to the release's files.
 * Atomic; may be repeated. Throws `targets/revision-conflict` when it points to another release already.
 *
 * @returns the path of the link, which revisions run in.
 */
export async function linkRevision({ home, scope, revision, directory }: RevisionFolder): Promise<string> {
  const [app = '', ...environment] = scope.split('/');
  const segments = ['apps', app, 'revisions', ...environment, revision];
  if (segments.some((segment) => segment === '' || segment.startsWith('.'))) {
    throw new CodedError('targets/invalid-name', `"${scope}" and "${revision}" do not name a folder`, {
      help: 'scopes look like app/environment, revisions like r7',
    });
  }
  const link = join(home, ...segments);
  const present = await readlink(link).catch(() => null);
  if (present === directory) return link;
  if (present !== null) {
    throw new CodedError(
      'targets/revision-conflict',
      `${revision} of ${scope} holds another release already`,
      {
        notes: [`it is ${basename(present)}, asked for was ${basename(directory)}`],
        help: 'a revision never changes: start the other release as a new revision',
      },
    );
  }
  await mkdir(dirname(link), { recursive: true, mode: 0o700 });
  const draft = `${link}.draft-${process.pid}`;
  await rm(draft, { force: true });
  await symlink(directory, draft);
  await rename(draft, link);
  return link;
}
