import { createHash } from 'node:crypto';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
  chmod,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { stagingPrefix } from './abandoned.ts';

/** An artifact of a run, as stored: a directory of files beside this description. */
export interface Artifact {
  name: string;
  /** Directory that file paths are relative to, relative to the workspace: where a release lays the files back. */
  rootDirectory: string;
  /** `sha256:…` over paths, modes and contents. */
  digest: string;
  sizeBytes: number;
  createdAtMs: number;
  jobKey: string;
  files: ArtifactFile[];
  /** Absolute; where the files lie. */
  filesDirectory: string;
}

export interface ArtifactFile {
  /** Relative to the artifact's root, with `/`. */
  path: string;
  sizeBytes: number;
  sha256: string;
  executable: boolean;
}

/** GitHub's rule for names, which also keeps them fit for a directory. */
const forbiddenInName = /["|:<>*?\r\n\\/]/;

/** All artifacts of a run, by name. */
export async function artifactsOf(artifactsDirectory: string): Promise<Artifact[]> {
  const names = await readdir(artifactsDirectory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const stored = names.filter((name) => name.startsWith('artifact-')).sort();
  const artifacts = await Promise.all(stored.map((name) => readArtifact(join(artifactsDirectory, name))));
  return artifacts.filter((artifact) => artifact !== null);
}

async function readArtifact(directory: string): Promise<Artifact | null> {
  try {
    const meta = JSON.parse(await readFile(join(directory, 'meta.json'), 'utf8')) as Omit<
      Artifact,
      'filesDirectory'
    >;
    return { ...meta, filesDirectory: join(directory, 'files') };
  } catch (error) {
    // Replaced or removed by another job between the listing and here.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What to store. */
export interface NewArtifact {
  name: string;
  /** Absolute; all files lie in it. */
  root: string;
  workspace: string;
  files: string[];
  overwrite: boolean;
  jobKey: string;
}

/**
 * Stores an artifact as a whole: it is there complete, or not at all. Names are taken once unless it may overwrite.
 *
 * @throws CodedError `runner/artifact-name`, `runner/artifact-exists`
 */
export async function storeArtifact(artifactsDirectory: string, artifact: NewArtifact): Promise<Artifact> {
  const { name } = artifact;
  if (name === '' || forbiddenInName.test(name)) {
    throw new CodedError('runner/artifact-name', `the artifact name "${name}" is not valid`, {
      notes: ['not allowed: an empty name, and any of " : < > | * ? \\ / and line ends'],
    });
  }
  await mkdir(artifactsDirectory, { recursive: true });
  const staging = await mkdtemp(join(artifactsDirectory, stagingPrefix));
  try {
    const files: ArtifactFile[] = [];
    for (const file of artifact.files) {
      files.push(await addFile(file, relative(artifact.root, file), join(staging, 'files')));
    }
    const stored: Omit<Artifact, 'filesDirectory'> = {
      name,
      rootDirectory: relative(artifact.workspace, artifact.root),
      digest: digestOf(files),
      sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
      createdAtMs: Date.now(),
      jobKey: artifact.jobKey,
      files,
    };
    await writeFile(join(staging, 'meta.json'), JSON.stringify(stored, null, 2));
    await chmod(staging, 0o755);
    const final = join(artifactsDirectory, `artifact-${name}`);
    await publish(staging, final, artifact);
    return { ...stored, filesDirectory: join(final, 'files') };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function publish(staging: string, final: string, artifact: NewArtifact): Promise<void> {
  if (artifact.overwrite) await rm(final, { recursive: true, force: true });
  try {
    await rename(staging, final);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    throw new CodedError(
      'runner/artifact-exists',
      `an artifact named "${artifact.name}" already exists in this run`,
      {
        help: 'give each upload a name of its own (a matrix value, for example), or set `overwrite: true`',
      },
    );
  }
}

async function addFile(source: string, path: string, into: string): Promise<ArtifactFile> {
  const target = join(into, path);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(source, target);
  const [bytes, { mode }] = await Promise.all([readFile(target), stat(target)]);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sizeBytes: bytes.length, sha256, executable: (mode & 0o100) !== 0 };
}

function digestOf(files: readonly ArtifactFile[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.executable ? 'x' : '-'} ${file.sha256} ${file.path}\0`);
  return `sha256:${hash.digest('hex')}`;
}
