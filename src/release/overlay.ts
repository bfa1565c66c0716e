import { constants, copyFile, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import type { RunArtifact } from './release.ts';

/**
 * Lays an artifact over the files: each goes back to where it was in the workspace, and replaces what is there.
 * Never writes through a symbolic link, so that no file lands outside of `target`.
 *
 * @throws CodedError `release/artifact-outside`.
 */
export async function layOver(target: string, artifact: RunArtifact): Promise<void> {
  const segments = artifact.rootDirectory.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (artifact.rootDirectory.startsWith('/') || segments.includes('..'))
    throw outside(artifact, artifact.rootDirectory);
  let folder = target;
  for (const segment of segments) {
    folder = join(folder, segment);
    await makeFolder(folder, artifact);
  }
  await copyFolder(artifact.filesDirectory, folder, artifact);
}

async function copyFolder(from: string, to: string, artifact: RunArtifact): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const copy = join(to, entry.name);
    if (entry.isDirectory()) {
      await makeFolder(copy, artifact);
      await copyFolder(source, copy, artifact);
      continue;
    }
    await rm(copy, { recursive: true, force: true });
    if (entry.isSymbolicLink()) await symlink(await readlink(source), copy);
    else await copyFile(source, copy, constants.COPYFILE_FICLONE);
  }
}

async function makeFolder(folder: string, artifact: RunArtifact): Promise<void> {
  const stats = await lstat(folder).catch(() => null);
  if (stats?.isDirectory()) return;
  if (stats?.isSymbolicLink()) throw outside(artifact, folder);
  if (stats) await rm(folder);
  await mkdir(folder);
}

function outside(artifact: RunArtifact, path: string): CodedError {
  return new CodedError(
    'release/artifact-outside',
    `artifact "${artifact.name}" would write outside of the release`,
    {
      notes: [`at ${path}`],
      help: 'upload files of the workspace alone, and no folder that the commit has as a symbolic link',
    },
  );
}
