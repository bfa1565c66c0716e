import { canonicalJson } from '../../flow/index.ts';
import { withoutPlaces, type ComposeProject, type ComposeService } from '../../compose/index.ts';
import { filesOfBuild, type IgnoreFiles } from './build-files.ts';
import { markedSecrets } from '../secret-markers.ts';

type Versions = { name: string; version: number }[];

/** A service as it runs and as it would run. */
export interface Difference {
  before: ComposeService;
  now: ComposeService;
  projects: { before: ComposeProject | null; now: ComposeProject };
  secrets: { before: Versions; now: Versions };
  /** Null when it is not known which files differ. */
  changedFiles: string[] | null;
  ignoreFiles: IgnoreFiles;
}

/** Keys of our model that the Compose file writes otherwise. */
const written: Partial<Record<keyof ComposeService, string>> = {
  mounts: 'volumes',
  limits: 'limits of resources',
  reservations: 'reservations of resources',
  stopGraceMs: 'stop_grace_period',
  shmSizeBytes: 'shm_size',
  hostConfig: 'settings of the engine',
  extensions: 'x-*',
  dns: 'dns',
};

/** What differs, a few words each; names of variables, never their values. */
export function differences(difference: Difference): string[] {
  const { before, now } = difference;
  const keys = (Object.keys(now) as (keyof ComposeService)[]).filter(
    (key) => key !== 'at' && key !== 'name' && !same(before[key], now[key]),
  );
  const others = keys.filter((key) => key !== 'image' && key !== 'environment');
  return [
    ...(keys.includes('image')
      ? [`image ${before.image ?? 'built here'} → ${now.image ?? 'built here'}`]
      : []),
    ...(keys.includes('environment')
      ? [`environment ${changedNames(before.environment, now.environment)}`]
      : []),
    ...others.map((key) => written[key] ?? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    ...changedParts(difference),
    ...newVersions(difference),
    ...changedFiles(difference),
  ];
}

/** What runs comes from the store, which keeps no order of keys. */
function same(one: unknown, other: unknown): boolean {
  return canonicalJson(withoutPlaces(one)) === canonicalJson(withoutPlaces(other));
}

function changedNames(before: ComposeService['environment'], now: ComposeService['environment']): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.filter((name) => before[name] !== now[name]).join(', ');
}

/** Secrets and configs of the top level whose source differs, under the same key. */
function changedParts({ now, projects }: Difference): string[] {
  const differ = (section: 'secrets' | 'configs') =>
    now[section].filter(
      ({ source }) =>
        projects.before && !same(projects.before[section][source], projects.now[section][source]),
    );
  return [
    ...differ('secrets').map(({ source }) => `secret ${source}`),
    ...differ('configs').map(({ source }) => `config ${source}`),
  ];
}

function newVersions({ now, projects, secrets }: Difference): string[] {
  const sources = now.secrets.flatMap(({ source }) => {
    const from = projects.now.secrets[source];
    if (from?.from === 'external') return [from.name];
    return from?.from === 'environment' ? [from.variable] : [];
  });
  return [...new Set([...markedSecrets(now), ...sources])].flatMap((name) => {
    const before = secrets.before.find((secret) => secret.name === name)?.version;
    const version = secrets.now.find((secret) => secret.name === name)?.version;
    return before === undefined || version === undefined || before === version
      ? []
      : [`secret ${name}, version ${before} → ${version}`];
  });
}

/** Files of the commit that get into its image, or into its container. */
function changedFiles({ now, changedFiles: changed, ignoreFiles }: Difference): string[] {
  if (changed === null) return now.build ? ['maybe the files that it is built of'] : [];
  const built = now.build ? filesOfBuild(now.build, changed, ignoreFiles) : [];
  const mounted = now.mounts.flatMap((mount) =>
    mount.kind === 'bind' ? changed.filter((file) => within(file, mount.source)) : [],
  );
  const count = new Set(built).size;
  return [
    ...(count > 0
      ? [count === 1 ? `${built[0]}, of which it is built` : `${count} files of which it is built`]
      : []),
    ...[...new Set(mounted)].map((file) => `${file}, which it mounts`),
  ];
}

function within(file: string, folder: string): boolean {
  const plain = folder.replace(/^\.\//, '').replace(/\/$/, '');
  return plain === '.' || plain === '' || file === plain || file.startsWith(`${plain}/`);
}
