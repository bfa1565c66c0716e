import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Mount, NamedVolume } from '../../compose/index.ts';
import type { Engine } from '../../docker/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import type { ContainerFile, ContainerSpec } from './model.ts';
import { label, sharedRevision, volumeName } from './names.ts';
import { foldersOfData } from './data-folder.ts';
import { containersFolder, type Place } from './place.ts';

/** Mounts as the Engine's API takes them. */
export interface EngineMounts {
  Mounts: object[];
  Binds: string[];
  Tmpfs: Record<string, string>;
}

/** Turns the mounts of a service into those of the engine, and makes the volumes and folders that they need. */
export async function makeMounts(place: Place, spec: ContainerSpec, name: string): Promise<EngineMounts> {
  const made: EngineMounts = { Mounts: [], Binds: [], Tmpfs: {} };
  for (const mount of spec.service.mounts) {
    if (mount.kind === 'tmpfs') made.Tmpfs[mount.target] = tmpfsOptions(mount);
    else if (mount.kind === 'volume') made.Mounts.push(await volumeMount(place, spec, mount));
    else await addBind(place, spec, { mount, made });
  }
  if (spec.revision === sharedRevision) made.Mounts.push(...(await keptVolumes(place, spec)));
  made.Mounts.push(...(await fileMounts(place, spec, name)));
  return made;
}

function tmpfsOptions({ sizeBytes, mode, options }: Mount & { kind: 'tmpfs' }): string {
  const size = sizeBytes === null ? [] : [`size=${sizeBytes}`];
  return [...size, ...(mode === null ? [] : [`mode=${mode.toString(8)}`]), ...options].join(',');
}

async function volumeMount(place: Place, spec: ContainerSpec, mount: Mount & { kind: 'volume' }) {
  const { source, target, readOnly, noCopy, subpath } = mount;
  const common = { Type: 'volume', Target: target, ReadOnly: readOnly };
  const options = { NoCopy: noCopy, ...(subpath === null ? {} : { Subpath: subpath }) };
  if (source === null) return { ...common, VolumeOptions: options };
  const Source = await ensureVolume(place, spec, source);
  return { ...common, Source, VolumeOptions: options };
}

/** Makes a named volume unless it is there. Nothing here ever removes one. */
async function ensureVolume({ engine, homeId }: Place, { scope, volumes }: ContainerSpec, key: string) {
  const settings: NamedVolume | undefined = volumes[key];
  const name = settings?.name ?? (settings?.external ? key : volumeName(scope, key));
  if (settings?.external) {
    if (await engine.volumes.inspect(name)) return name;
    throw new CodedError('targets/no-volume', `the volume "${name}" is not on the engine`, {
      notes: ['the Compose file says `external: true`, so it is never made here'],
      help: `make it: docker volume create ${name}`,
    });
  }
  await engine.volumes.ensure({
    name,
    driver: settings?.driver ?? null,
    driverOptions: settings?.driverOptions ?? {},
    labels: { ...settings?.labels, [label.home]: homeId, [label.scope]: scope },
  });
  return name;
}

/** What the image of a shared service keeps in a volume without name gets one, so that its next container finds it. */
async function keptVolumes(place: Place, spec: ContainerSpec): Promise<object[]> {
  const image = await place.engine.images.inspect(spec.image);
  const targets = Object.keys(image?.Config.Volumes ?? {});
  const mounted = new Set(spec.service.mounts.map(({ target }) => normalize(target)));
  const unnamed = targets.filter((target) => !mounted.has(normalize(target)));
  return Promise.all(
    unnamed.map(async (target) => {
      const key = `${spec.service.name}${target.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
      return { Type: 'volume', Source: await ensureVolume(place, spec, key), Target: target };
    }),
  );
}

interface BindTarget {
  mount: Mount & { kind: 'bind' };
  made: EngineMounts;
}

async function addBind(place: Place, spec: ContainerSpec, { mount, made }: BindTarget): Promise<void> {
  const { source, isRelease } = await bindSource(place.engine, spec, mount);
  const readOnly = mount.readOnly || isRelease;
  const { target, propagation, selinux, createHostPath } = mount;
  if (selinux === null && (!createHostPath || source.includes(':'))) {
    const options = propagation === null ? {} : { BindOptions: { Propagation: propagation } };
    made.Mounts.push({ Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, ...options });
    return;
  }
  const flags = [readOnly ? 'ro' : 'rw', propagation, selinux].filter((flag) => flag !== null);
  made.Binds.push(`${source}:${target}:${flags.join(',')}`);
}

/**
 * What the commit has is mounted from the release, never writable; what it has not, or keeps for data by a placeholder,
 * lies in a folder that stays.
 */
async function bindSource(engine: Engine, spec: ContainerSpec, { source }: BindTarget['mount']) {
  if (source.startsWith('/')) return { source, isRelease: false };
  const path = normalize(source);
  if (path === '..' || path.startsWith('../'))
    throw new CodedError(
      'targets/bind-outside',
      `service "${spec.service.name}" mounts "${source}", which lies outside the repository`,
      {
        help: 'name an absolute path, or a folder inside the repository',
      },
    );
  if (engine.address.kind !== 'unix')
    throw new CodedError(
      'targets/bind-elsewhere',
      `service "${spec.service.name}" mounts "${source}", which is on this machine, but runs on ${engine.address.url}`,
      {
        help: 'put the files into the image, or use a named volume',
      },
    );
  const inRelease = join(spec.directory, path);
  const folders = await foldersOfData(inRelease);
  if (folders === null) return { source: inRelease, isRelease: true };
  const kept = join(spec.bindsDirectory, path);
  await mkdir(kept, { recursive: true });
  // Those that are there may be of the container's own user, and nobody else's to look into.
  for (const folder of folders) await mkdir(join(kept, folder), { recursive: true }).catch(() => {});
  return { source: kept, isRelease: false };
}

/** Files that are written into the container itself before it starts. */
export function archivedFiles(spec: ContainerSpec): ContainerFile[] {
  return spec.files.filter((file) => !isHidden(spec, file));
}

/** A file that a container's own file system cannot hold: it is read-only, or something is mounted over the place. */
function isHidden({ service }: ContainerSpec, { target }: ContainerFile): boolean {
  if (service.readOnly) return true;
  return service.mounts.some((mount) => target.startsWith(`${mount.target.replace(/\/$/, '')}/`));
}

/** Such files lie in a private folder of the home and are mounted one by one. */
async function fileMounts({ engine, home }: Place, spec: ContainerSpec, name: string): Promise<object[]> {
  const hidden = spec.files.filter((file) => isHidden(spec, file));
  if (hidden.length === 0) return [];
  if (engine.address.kind !== 'unix')
    throw new CodedError(
      'targets/file-elsewhere',
      `service "${spec.service.name}" gets "${hidden[0]?.target}", which its container cannot hold`,
      {
        notes: [
          'its file system is read-only, or something is mounted there, and its engine is on another machine',
        ],
        help: 'give the secret or config another target, or run the server on that machine',
      },
    );
  const folder = filesFolder(home, spec.scope, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const mounts: object[] = [];
  for (const [index, { target, content, mode, uid, gid }] of hidden.entries()) {
    const file = join(folder, String(index));
    await writeFile(file, content, { mode: 0o600 });
    if (process.getuid?.() === 0) await chown(file, uid, gid);
    await chmod(file, mode);
    mounts.push({ Type: 'bind', Source: file, Target: target, ReadOnly: true });
  }
  return mounts;
}

/** Removes the files of a container that has ended: they may hold secrets. */
export async function dropFiles({ home }: Pick<Place, 'home'>, scope: string, name: string): Promise<void> {
  await rm(filesFolder(home, scope, name), { recursive: true, force: true });
}

/** Where files of one container lie that are mounted into it. */
function filesFolder(home: string, scope: string, name: string): string {
  return join(containersFolder(home, scope), `${name}.files`);
}
