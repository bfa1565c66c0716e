import type { App, EnvironmentDefinition } from '../app/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import {
  makeRelease,
  readRelease,
  releaseDirectory,
  wantedImages,
  type ImageSource,
  type Release,
  type WantedImage,
} from '../release/index.ts';
import { artifactsOf, ensureNode, readReport, type JobReport } from '../runner/index.ts';
import { resolveEnvironment, type Vault } from '../secrets/index.ts';
import { openMirror, type Mirror } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import type { ComposeProject } from '../compose/index.ts';
import type { Docker } from './docker.ts';
import type { Layout } from './layout.ts';
import { makeImages } from './make-images.ts';
import { commitFiles } from './repository-files.ts';
import { readCompose } from './resolve-compose.ts';

interface ShipParts {
  store: Store;
  layout: Layout;
  vault: Vault;
  docker: Docker;
  machineEnv: Record<string, string>;
  /** Is told what goes on, one sentence. */
  onProgress: (sentence: string) => void;
}

/** The commit under way, and where its jobs have run. */
export interface ShipSource {
  ship: string;
  app: App;
  commit: string;
  /** Runs of this ship with the keys of their jobs. */
  jobs: { run: string; keys: string[] }[];
}

/**
 * The release of a ship: made by the first environment that needs it, from the commit and what its runs uploaded, and the
 * very same one for all that follow.
 */
export async function shipRelease(source: ShipSource, parts: ShipParts): Promise<Release> {
  const { store, layout, machineEnv } = parts;
  const { app, commit, ship } = source;
  const storeDirectory = layout.app(app.name).releases;
  const known = await store.documents.get('ship-release', ship);
  const made = known && (await readRelease(releaseDirectory(storeDirectory, known.body as string)));
  if (made) return made;
  const mirror = await openMirror(layout.app(app.name).mirror);
  const images = app.kind === 'compose' ? await imageSource(source, mirror, parts) : undefined;
  const reports = await reportsOf(source, layout);
  const uploads = await Promise.all(source.jobs.map(({ run }) => artifactsOf(layout.run(run).artifacts)));
  const artifacts = uploads.flat();
  const version = nodeVersion(reports);
  const node = version === null ? null : await ensureNode(version, { tools: layout.tools, machineEnv });
  const release = await makeRelease({
    mirror,
    commit,
    app,
    artifacts,
    toolchain: { node },
    machineEnv,
    storeDirectory,
    images,
  });
  await store.documents.put('ship-release', ship, release.digest);
  return release;
}

/** Images of all environments that can be resolved now; those that cannot are told when it is their turn. */
async function imageSource(source: ShipSource, mirror: Mirror, parts: ShipParts): Promise<ImageSource> {
  const { docker, layout, onProgress } = parts;
  await docker.require();
  const { app, commit } = source;
  const resolved = await Promise.all(
    app.environments.map((definition) => resolveProject({ app, definition, commit }, mirror, parts.vault)),
  );
  const known = resolved.filter((one) => one !== null);
  return {
    wanted: wantedImages(known.map(({ project }) => project)),
    make: (wanted, filesDirectory) =>
      makeImages(wanted, filesDirectory, {
        engine: docker.engine,
        app: app.name,
        commit,
        logFile: layout.app(app.name).buildLog(commit),
        homeId: docker.homeId,
        buildSecrets: (one) => Promise.resolve(buildSecrets(one, known)),
        onProgress,
      }),
    missing: (ids) => docker.missing(ids),
  };
}

interface ResolvedProject {
  project: ComposeProject;
  /** Variables and secrets by name. */
  values: Record<string, string>;
}

async function resolveProject(
  { app, definition, commit }: Pick<ShipSource, 'app' | 'commit'> & { definition: EnvironmentDefinition },
  mirror: Mirror,
  vault: Vault,
): Promise<ResolvedProject | null> {
  const variables = await resolveEnvironment({ app: app.name, definition, vault });
  const files = commitFiles(mirror, commit);
  const { result } = await readCompose({ app, definition, files, variables });
  return result.ok ? { project: result.value.project, values: variables.env } : null;
}

/** Secrets of a build, from the first environment that has a value for each. */
function buildSecrets(
  { build }: WantedImage,
  resolved: ResolvedProject[],
): { id: string; content: string }[] {
  return (build?.secrets ?? []).map(({ source, at }) => {
    for (const { project, values } of resolved) {
      const from = project.secrets[source];
      const name = from?.from === 'environment' ? from.variable : from?.from === 'external' ? from.name : '';
      if (values[name] !== undefined) return { id: source, content: values[name] };
    }
    throw new CodedError(
      'wiring/file-gone',
      `${at.file}:${at.start.line}: secret "${source}" of the build has no value in any environment`,
      {
        help: 'list its variable under "secrets" of an environment in slipway.yml, and set it: slipway secrets set',
      },
    );
  });
}

async function reportsOf({ jobs }: ShipSource, layout: Layout): Promise<JobReport[]> {
  const paths = jobs.flatMap(({ run, keys }) => keys.map((key) => layout.run(run).job(key)));
  const reports = await Promise.all(paths.map((path) => readReport(path)));
  return reports.filter((report) => report !== null);
}

/** The Node that the pipeline built with: of a job that uploaded artifacts, else the newest that any job set up. */
function nodeVersion(reports: JobReport[]): string | null {
  const builder = reports.find(({ artifacts, nodeVersion }) => artifacts.length > 0 && nodeVersion !== null);
  if (builder) return builder.nodeVersion;
  const versions = reports.flatMap(({ nodeVersion }) => (nodeVersion === null ? [] : [nodeVersion]));
  return versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? null;
}
