import { chmod, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import type { Finding } from '../diagnostics/index.ts';
import type { Mirror } from '../source/index.ts';
import { eachOf } from './each-of.ts';
import { installDependencies } from './install.ts';
import type { NodeToolchain } from './install.ts';
import { imageLine } from './images.ts';
import type { ReleaseImage, WantedImage } from './images.ts';
import { digestOf, hashFiles, manifestText } from './manifest.ts';
import type { ManifestFile } from './manifest.ts';
import { layOver } from './overlay.ts';
import { planArtifact, planInstall } from './plan-release.ts';
import { readRelease, releaseDirectory, scratchPath, writeDurably } from './release-store.ts';
import type { Release, RunArtifact } from './release.ts';

/** What a release is made of. */
export interface ReleaseInputs {
  mirror: Mirror;
  commit: string;
  app: App;
  artifacts: RunArtifact[];
  toolchain: { node: NodeToolchain | null };
  /** What of the machine's environment npm may see; nothing else is inherited. */
  machineEnv: Record<string, string>;
  storeDirectory: string;
  /** For an app of containers. */
  images?: ImageSource | undefined;
  signal?: AbortSignal | undefined;
}

/** Where the images of a release come from. */
export interface ImageSource {
  wanted: WantedImage[];
  /**
   * Builds and pulls what is wanted, from the files that the release is made of.
   *
   * @throws CodedError that names the service and shows the end of the build's log.
   */
  make(wanted: WantedImage[], filesDirectory: string): Promise<ReleaseImage[]>;
  /** Ids that are not on the engine any more. */
  missing(ids: string[]): Promise<string[]>;
}

/**
 * Makes the release of a commit, or returns the stored one that was made of the same inputs.
 *
 * @throws CodedError `release/no-artifact`, `release/no-lockfile`, `release/install-failed` and others; nothing is stored then.
 */
export async function makeRelease(inputs: ReleaseInputs): Promise<Release> {
  const chosen = planArtifact(
    inputs.app.release,
    inputs.artifacts.map(({ name }) => name),
  );
  throwFirst(chosen.findings);
  const artifact = inputs.artifacts.find(({ name }) => name === chosen.name);
  const artifactFiles = artifact ? await hashFiles(artifact.filesDirectory) : [];
  const artifacts = artifact
    ? [{ name: artifact.name, digest: digestOf(JSON.stringify(artifactFiles)) }]
    : [];
  const index = join(inputs.storeDirectory, 'inputs', inputsHash(inputs, artifact, artifacts));
  const made = await readMade(inputs.storeDirectory, index);
  if (made && (await hasItsImages(made, inputs))) return made;

  const scratch = await scratchPath(inputs.storeDirectory);
  try {
    const filesDirectory = join(scratch, 'files');
    await inputs.mirror.export(inputs.commit, filesDirectory);
    if (artifact) await layOver(filesDirectory, artifact);
    const installLine = await install(inputs, filesDirectory);
    const images = (await inputs.images?.make(inputs.images.wanted, filesDirectory)) ?? [];
    const parts = [await commitLine(inputs), chosen.line, installLine, ...images.map(imageLine)];
    const release = await describeRelease({ inputs, scratch, parts, artifacts, images });
    await store(scratch, release);
    await mkdir(join(inputs.storeDirectory, 'inputs'), { recursive: true });
    await rm(index, { force: true });
    await writeDurably(index, release.digest);
    return (await readRelease(release.directory)) ?? release;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readMade(storeDirectory: string, index: string): Promise<Release | null> {
  const digest = await readFile(index, 'utf8').catch(() => null);
  return digest === null || digest === ''
    ? null
    : await readRelease(releaseDirectory(storeDirectory, digest));
}

async function hasItsImages({ images }: Release, inputs: ReleaseInputs): Promise<boolean> {
  const gone = (await inputs.images?.missing(images.map(({ id }) => id))) ?? [];
  return gone.length === 0;
}

async function commitLine({ mirror, commit }: ReleaseInputs): Promise<string> {
  const submodules = await mirror.submodules(commit);
  const without = submodules.length === 0 ? '' : `, without its submodules ${submodules.join(', ')}`;
  return `files of commit ${commit.slice(0, 7)}${without}`;
}

function inputsHash(
  inputs: ReleaseInputs,
  artifact: RunArtifact | undefined,
  artifacts: Release['artifacts'],
): string {
  const text = JSON.stringify([
    inputs.commit,
    inputs.app,
    artifacts,
    artifact?.rootDirectory ?? null,
    inputs.toolchain.node?.version ?? null,
    inputs.images?.wanted.map(({ key }) => key) ?? [],
    process.platform,
    process.arch,
  ]);
  return digestOf(text).replace('sha256:', '');
}

async function install(inputs: ReleaseInputs, directory: string): Promise<string> {
  const readText = (name: string) => readFile(join(directory, name), 'utf8').catch(() => null);
  const planned = planInstall({
    rules: inputs.app.release,
    kind: inputs.app.kind,
    packageJson: await readText('package.json'),
    packageLock: await readText('package-lock.json'),
    hasNodeModules: (await stat(join(directory, 'node_modules')).catch(() => null)) !== null,
  });
  throwFirst(planned.findings);
  if (planned.install) {
    await installDependencies({
      directory,
      node: inputs.toolchain.node,
      machineEnv: inputs.machineEnv,
      cacheDirectory: join(inputs.storeDirectory, 'npm-cache'),
      signal: inputs.signal,
    });
  }
  return planned.line;
}

interface Description {
  inputs: ReleaseInputs;
  scratch: string;
  parts: string[];
  artifacts: Release['artifacts'];
  images: ReleaseImage[];
}

async function describeRelease({ inputs, scratch, parts, artifacts, images }: Description): Promise<Release> {
  const { app, commit } = inputs;
  const node = inputs.toolchain.node?.version ?? null;
  const files = await hashFiles(join(scratch, 'files'));
  await removeWriteBits(join(scratch, 'files'), files);
  const definition = digestOf(JSON.stringify(app));
  const pinned = images
    .map(({ key, id, digest }) => ({ key, id, digest }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const text = manifestText({
    format: 1,
    app: app.name,
    commit,
    node,
    definition,
    ...(pinned.length === 0 ? {} : { images: pinned }),
    files,
  });
  await writeDurably(join(scratch, 'manifest.json'), text);
  const digest = digestOf(text);
  const directory = releaseDirectory(inputs.storeDirectory, digest);
  return {
    digest,
    app: app.name,
    commit,
    createdAtMs: Date.now(),
    fileCount: files.length,
    sizeBytes: files.reduce((sum, file) => sum + ('sizeBytes' in file ? file.sizeBytes : 0), 0),
    directory,
    filesDirectory: join(directory, 'files'),
    definition: app,
    toolchain: { nodeVersion: node },
    images,
    parts,
    artifacts,
  };
}

/** Folders stay writable for their owner: a release must be removable without changing it first. */
async function removeWriteBits(directory: string, files: ManifestFile[]): Promise<void> {
  await eachOf(files, async (file) => {
    if (file.mode !== '120000')
      await chmod(join(directory, file.path), file.mode === '100755' ? 0o555 : 0o444);
  });
}

/** The rename is the moment of creation. When another maker was faster, its release is the same. */
async function store(scratch: string, release: Release): Promise<void> {
  const { directory, filesDirectory: _, ...kept } = release;
  await writeDurably(join(scratch, 'release.json'), `${JSON.stringify(kept, null, 2)}\n`);
  try {
    await rename(scratch, directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

function throwFirst(findings: Finding[]): void {
  const [finding] = findings;
  if (!finding) return;
  const { help, notes } = finding;
  throw new CodedError(finding.code, finding.message, { notes, help });
}
