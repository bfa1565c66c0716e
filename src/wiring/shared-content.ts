import { createHash } from 'node:crypto';
import { isAbsolute, normalize } from 'node:path';
import { withoutPlaces, type ComposeProject, type FileSource } from '../compose/index.ts';
import type { SharedService } from '../delivery/index.ts';
import { canonicalJson } from '../flow/index.ts';
import type { SecretRef } from '../secrets/index.ts';
import type { Mirror } from '../source/index.ts';
import { markedSecrets } from './secret-markers.ts';

/** What the names in a Compose file stand for. */
interface Meanings {
  /** Variables of the environment. */
  env: Record<string, string>;
  /** Versions count, not values: setting one anew is a change. */
  secrets: SecretRef[];
  /** Git's ids of the commit's files and folders, by path; null for what it does not have. */
  files: Record<string, string | null>;
}

/** Notes with each shared service what its configs, secrets and mounted files are in a commit. */
export async function withContent(
  shared: SharedService[],
  project: ComposeProject,
  { mirror, commit, ...names }: Omit<Meanings, 'files'> & { mirror: Mirror; commit: string },
): Promise<SharedService[]> {
  const paths = new Set(shared.flatMap(({ name }) => pathsOf(project, name)));
  const found = await Promise.all(
    [...paths].map(async (path) => [path, await mirror.objectId(commit, path)]),
  );
  const files = Object.fromEntries(found) as Meanings['files'];
  return shared.map((one) => ({ ...one, content: contentOf(project, one.name, { ...names, files }) }));
}

/** Changes with what a service's configs and secrets, its variables and the files that it mounts hold; hex. */
export function contentOf(project: ComposeProject, name: string, { env, secrets, files }: Meanings): string {
  const service = project.services.find((one) => one.name === name);
  const sources = sourcesOf(project, name);
  const named = sources.flatMap((source) => nameIn(source) ?? []);
  const values = [...new Set([...markedSecrets([service ?? null, sources]), ...named])].map((variable) => [
    variable,
    secrets.find((ref) => ref.name === variable)?.version ?? env[variable] ?? null,
  ]);
  const held = pathsOf(project, name).map((path) => [path, files[path] ?? null]);
  const text = canonicalJson(withoutPlaces({ sources, values, held }));
  return createHash('sha256').update(text).digest('hex');
}

function sourcesOf(project: ComposeProject, name: string): FileSource[] {
  const service = project.services.find((one) => one.name === name);
  const grants = [
    ...(service?.secrets ?? []).map(({ source }) => project.secrets[source]),
    ...(service?.configs ?? []).map(({ source }) => project.configs[source]),
  ];
  return grants.filter((source) => source !== undefined);
}

function nameIn(source: FileSource): string | null {
  if (source.from === 'external') return source.name;
  return source.from === 'environment' ? source.variable : null;
}

/** Paths of the repository that a service reads, as git writes them. */
function pathsOf(project: ComposeProject, name: string): string[] {
  const mounts = project.services.find((one) => one.name === name)?.mounts ?? [];
  const paths = [
    ...mounts.flatMap((mount) => (mount.kind === 'bind' ? [mount.source] : [])),
    ...sourcesOf(project, name).flatMap((source) => (source.from === 'file' ? [source.path] : [])),
  ];
  return paths.filter((path) => !isAbsolute(path)).map(plain);
}

function plain(path: string): string {
  return normalize(path).replace(/\/$/, '').replace(/^\.$/, '');
}
