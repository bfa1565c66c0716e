import type { App } from '../app/index.ts';
import { makeRelease, readRelease, releaseDirectory, type Release } from '../release/index.ts';
import { artifactsOf, ensureNode, readReport, type JobReport } from '../runner/index.ts';
import { openMirror } from '../source/index.ts';
import type { Store } from '../store/index.ts';
import type { Layout } from './layout.ts';

interface ShipParts {
  store: Store;
  layout: Layout;
  machineEnv: Record<string, string>;
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
  const reports = await reportsOf(source, layout);
  const uploads = await Promise.all(source.jobs.map(({ run }) => artifactsOf(layout.run(run).artifacts)));
  const artifacts = uploads.flat();
  const version = nodeVersion(reports);
  const node = version === null ? null : await ensureNode(version, { tools: layout.tools, machineEnv });
  const mirror = await openMirror(layout.app(app.name).mirror);
  const release = await makeRelease({
    mirror,
    commit,
    app,
    artifacts,
    toolchain: { node },
    machineEnv,
    storeDirectory,
  });
  await store.documents.put('ship-release', ship, release.digest);
  return release;
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
