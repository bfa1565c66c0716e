import { createHash, randomInt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { stagingPrefix } from './abandoned.ts';

/** Loaded when an archive comes or is asked for, which most runs never see. */
const zip = () => import('./zip.ts');

/** An artifact of a run, as stored: a directory of files beside this description. */
export interface Artifact {
  /** A number, since GitHub's are; the same artifact always has the same. */
  id: number;
  name: string;
  /** Directory that file paths are relative to, relative to the workspace: where a release lays the files back. */
  rootDirectory: string;
  /** `sha256:…`: of the archive as it was uploaded, or else over paths, modes and contents. */
  digest: string;
  sizeBytes: number;
  createdAtMs: number;
  /** When nobody sees it any more; null: as long as its run. */
  expiresAtMs: number | null;
  jobKey: string;
  files: ArtifactFile[];
  /** How it came as one file, when it did. */
  archive: { sizeBytes: number; mimeType: string } | null;
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
const forbiddenInName = /["|:<>*?\r\n\\/\0]/;
/** What a file system takes for a name, with the prefix of the directory. */
const longestNameBytes = 240;

/** All artifacts of a run that have not expired, by name; those that have are removed. */
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
    const meta = JSON.parse(await readFile(join(directory, 'meta.json'), 'utf8')) as StoredArtifact;
    if (meta.expiresAtMs !== null && meta.expiresAtMs <= Date.now()) {
      await rm(directory, { recursive: true, force: true });
      return null;
    }
    return { ...meta, filesDirectory: join(directory, 'files') };
  } catch (error) {
    // Replaced or removed by another job between the listing and here.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

type StoredArtifact = Omit<Artifact, 'filesDirectory'>;

interface NewArtifactCommon {
  name: string;
  overwrite: boolean;
  jobKey: string;
  expiresAtMs: number | null;
}

/** What to store. */
export interface NewArtifact extends NewArtifactCommon {
  /** Absolute; all files lie in it. */
  root: string;
  workspace: string;
  files: string[];
}

/** What came as one file: a zip, which is unpacked as well, or any other file, which is the artifact. */
export interface NewArchive extends NewArtifactCommon {
  /** Absolute; taken away from there. */
  path: string;
  sha256: string;
  sizeBytes: number;
  mimeType: string;
}

/**
 * Checks a name.
 *
 * @throws CodedError `runner/artifact-name`
 */
export function checkArtifactName(name: string): void {
  if (name !== '' && !forbiddenInName.test(name) && Buffer.byteLength(name) <= longestNameBytes) return;
  throw new CodedError('runner/artifact-name', `the artifact name "${name}" is not valid`, {
    notes: [
      `not allowed: an empty name, more than ${longestNameBytes} bytes, and any of " : < > | * ? \\ / and line ends`,
    ],
  });
}

/**
 * Stores an artifact as a whole: it is there complete, or not at all. Names are taken once unless it may overwrite.
 *
 * @throws CodedError `runner/artifact-name`, `runner/artifact-exists`
 */
export async function storeArtifact(artifactsDirectory: string, artifact: NewArtifact): Promise<Artifact> {
  return store(artifactsDirectory, artifact, async (staging) => {
    const files: ArtifactFile[] = [];
    for (const file of artifact.files) {
      const path = relative(artifact.root, file);
      const target = join(staging, 'files', path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(file, target);
      files.push(await describeFile(target, path));
    }
    return {
      rootDirectory: relative(artifact.workspace, artifact.root),
      digest: digestOf(files),
      files,
      archive: null,
    };
  });
}

/**
 * Stores what came as one file.
 *
 * @throws CodedError `runner/artifact-name`, `runner/artifact-exists`, `runner/artifact-archive`
 */
export async function storeArchive(artifactsDirectory: string, archive: NewArchive): Promise<Artifact> {
  return store(artifactsDirectory, archive, async (staging) => {
    const filesDirectory = join(staging, 'files');
    const kept = join(staging, 'archive');
    await rename(archive.path, kept);
    if (isZip(archive.mimeType)) await (await zip()).unpackZip(kept, filesDirectory);
    else {
      await mkdir(filesDirectory);
      await link(kept, join(filesDirectory, archive.name));
    }
    return {
      rootDirectory: '',
      digest: `sha256:${archive.sha256}`,
      files: await describeFiles(filesDirectory),
      archive: { sizeBytes: archive.sizeBytes, mimeType: archive.mimeType },
    };
  });
}

/** Removes an artifact; false when there is none. */
export async function removeArtifact(artifactsDirectory: string, name: string): Promise<boolean> {
  checkArtifactName(name);
  const doomed = await mkdtemp(join(artifactsDirectory, stagingPrefix));
  try {
    await rename(join(artifactsDirectory, `artifact-${name}`), join(doomed, 'artifact'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  } finally {
    await rm(doomed, { recursive: true, force: true });
  }
}

/** The artifact as one file: as it came, or packed now and kept for the next time. */
export async function archiveOf(artifact: Artifact): Promise<{ path: string; mimeType: string }> {
  const path = join(dirname(artifact.filesDirectory), 'archive');
  if (artifact.archive) return { path, mimeType: artifact.archive.mimeType };
  const mimeType = 'application/zip';
  if (await stat(path).catch(() => null)) return { path, mimeType };
  const staging = await mkdtemp(join(dirname(path), stagingPrefix));
  try {
    const sources = artifact.files.map((file) => ({
      ...file,
      file: join(artifact.filesDirectory, file.path),
    }));
    await (await zip()).writeZip(join(staging, 'archive'), sources);
    await rename(join(staging, 'archive'), path);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return { path, mimeType };
}

async function store(
  artifactsDirectory: string,
  artifact: NewArtifactCommon,
  fill: (staging: string) => Promise<Pick<StoredArtifact, 'rootDirectory' | 'digest' | 'files' | 'archive'>>,
): Promise<Artifact> {
  const { name } = artifact;
  checkArtifactName(name);
  await mkdir(artifactsDirectory, { recursive: true });
  const staging = await mkdtemp(join(artifactsDirectory, stagingPrefix));
  try {
    const content = await fill(staging);
    const stored: StoredArtifact = {
      id: randomInt(1, 2 ** 47),
      name,
      sizeBytes: content.files.reduce((sum, file) => sum + file.sizeBytes, 0),
      createdAtMs: Date.now(),
      expiresAtMs: artifact.expiresAtMs,
      jobKey: artifact.jobKey,
      ...content,
    };
    await writeFile(join(staging, 'meta.json'), JSON.stringify(stored, null, 2));
    await chmod(staging, 0o755);
    const final = join(artifactsDirectory, `artifact-${name}`);
    if (artifact.overwrite) await removeArtifact(artifactsDirectory, name);
    await publish(staging, final, name);
    return { ...stored, filesDirectory: join(final, 'files') };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function publish(staging: string, final: string, name: string): Promise<void> {
  try {
    await rename(staging, final);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    throw new CodedError('runner/artifact-exists', `an artifact named "${name}" already exists in this run`, {
      help: 'give each upload a name of its own (a matrix value, for example), or set `overwrite: true`',
    });
  }
}

function isZip(mimeType: string): boolean {
  return /^application\/(x-)?zip(-compressed)?$/.test(mimeType);
}

async function describeFiles(directory: string): Promise<ArtifactFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
  const files: ArtifactFile[] = [];
  for (const path of paths.sort()) files.push(await describeFile(path, relative(directory, path)));
  return files;
}

async function describeFile(file: string, path: string): Promise<ArtifactFile> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) hash.update(chunk);
  const { mode, size } = await stat(file);
  return { path, sizeBytes: size, sha256: hash.digest('hex'), executable: (mode & 0o100) !== 0 };
}

function digestOf(files: readonly ArtifactFile[]): string {
  const hash = createHash('sha256');
  for (const { path, executable, sha256 } of files) {
    hash.update(`${path}\0${executable ? 'x' : '-'}\0${sha256}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}
