import { mkdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ComposeProject, ComposeService, FileGrant, FileSource } from '../compose/index.ts';
import { leftToRouter } from '../app/index.ts';
import type { DesiredInstance, Revision, RevisionProcess, Task } from '../delivery/index.ts';
import { CodedError, unreachable } from '../diagnostics/index.ts';
import { withHookImages, type Release } from '../release/index.ts';
import type { ContainerFile, ContainerSpec, CopySpec, NeededImage, TaskSpec } from '../targets/index.ts';
import type { FlagDoor } from './flags/port.ts';
import type { Layout } from './layout.ts';
import type { RevisionNeeds } from './machines/model.ts';
import { logFileOf, releaseOf } from './processes.ts';
import { reveal } from './secret-markers.ts';

/** What containers are started with. */
export interface ContainerParts {
  layout: Layout;
  /** Variables and secrets that a revision started with, by name. */
  valuesOf: (scope: string, revision: Revision) => Promise<Record<string, string>>;
  /** How containers reach the environment's flags; null where it has none. */
  flagDoor: (scope: string) => Promise<FlagDoor | null>;
}

/** A copy of a service as the Docker target takes it, with secrets in place of their markers. */
export async function copySpec(
  scope: string,
  { id, revision, process }: DesiredInstance,
  parts: ContainerParts,
): Promise<CopySpec> {
  const service = serviceOf(revision, process.name);
  const shared = process.role === 'shared';
  const container = await containerSpec(scope, { revision, service, shared }, parts);
  return {
    ...container,
    id,
    port: process.role === 'web' ? revision.port : null,
    // Users reach a web service through the router, on the container's own address.
    publish:
      process.role === 'web' ? keptPorts(process, revision, container.service) : container.service.ports,
    logFile: await logFileOf(parts.layout, scope, id),
  };
}

/** Ports of the host that a web service holds beside the router's: only one that never runs twice can. */
function keptPorts({ alone }: RevisionProcess, { port }: Revision, { ports }: ComposeService) {
  return alone ? ports.filter((one) => !leftToRouter(one, port)) : [];
}

/** A task as the Docker target takes it. */
export async function taskSpec(
  scope: string,
  { key, revision, task }: { key: string; revision: Revision; task: Task },
  parts: ContainerParts,
): Promise<TaskSpec> {
  const service = taskService(revision, task);
  const container = await containerSpec(scope, { revision, service, shared: false }, parts);
  return { ...container, key, logFile: await logFileOf(parts.layout, scope, key) };
}

/** What must be on the engine before anything of the revision starts. */
export async function preparationSpec(
  scope: string,
  revision: Revision,
  { layout }: ContainerParts,
): Promise<RevisionNeeds> {
  const release = await releaseOfRevision(scope, revision, layout);
  const images = new Map<string, NeededImage>();
  for (const [service, id] of Object.entries(revision.images)) {
    const known = release.images.find((image) => image.id === id);
    images.set(id, { id, digest: known?.digest ?? null, name: known?.reference ?? service });
  }
  return {
    scope,
    revision: revision.id,
    images: [...images.values()],
    networks: projectOf(revision).networks,
    imagesFrom: null,
    release: release.digest,
    files: mountsFiles(projectOf(revision)) ? release.filesDirectory : null,
    logFile: await logFileOf(layout, scope, `prepare-${revision.id}`),
  };
}

/** Whether a container mounts something by a path of the repository. */
function mountsFiles({ services }: ComposeProject): boolean {
  return services.some(({ mounts }) =>
    mounts.some((mount) => mount.kind === 'bind' && !isAbsolute(mount.source)),
  );
}

async function containerSpec(
  scope: string,
  { revision, service, shared }: { revision: Revision; service: ComposeService; shared: boolean },
  { layout, valuesOf, flagDoor }: ContainerParts,
): Promise<ContainerSpec> {
  const [app = '', environment = ''] = scope.split('/');
  const release = await releaseOfRevision(scope, revision, layout);
  const project = projectOf(revision);
  const values = await valuesOf(scope, revision);
  const revealed = reveal(service, values);
  // A database asks for no flags.
  const door = shared ? null : await flagDoor(scope);
  const clear = door === null ? revealed : withDoor(revealed, door);
  const bindsDirectory = join(layout.app(app).data(environment), 'binds');
  await mkdir(bindsDirectory, { recursive: true, mode: 0o700 });
  return {
    scope,
    revision: shared ? 'shared' : revision.id,
    release: release.digest,
    service: withHookImages(clear, revision.images),
    environment: withoutNulls(clear.environment),
    image: revision.images[service.name] ?? '',
    networks: project.networks,
    volumes: project.volumes,
    files: await filesOf(service, { project, release, values }),
    directory: release.filesDirectory,
    bindsDirectory,
  };
}

/** What the file says of flagd itself wins: an app may bring its own. */
function withDoor(service: ComposeService, { folder, target, variables }: FlagDoor): ComposeService {
  const { environment, mounts, at } = service;
  if (ownFlagd.some((name) => Object.hasOwn(environment, name))) return service;
  const options = { readOnly: true, createHostPath: true, propagation: null, selinux: null } as const;
  return {
    ...service,
    environment: { ...variables, ...environment },
    mounts: [...mounts, { kind: 'bind', source: folder, target, ...options, at }],
  };
}

/** Each says where flags are answered. */
const ownFlagd = ['FLAGD_HOST', 'FLAGD_SOCKET_PATH', 'FLAGD_TARGET_URI', 'FLAGD_OFFLINE_FLAG_SOURCE_PATH'];

/** A name without a value is not set, as Compose has it. */
function withoutNulls(environment: Record<string, string | null>): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

interface Contents {
  project: ComposeProject;
  release: Release;
  values: Record<string, string>;
}

async function filesOf(service: ComposeService, contents: Contents): Promise<ContainerFile[]> {
  const { secrets, configs } = contents.project;
  const grants = [
    ...service.secrets.map((grant) => [grant, secrets[grant.source]] as const),
    ...service.configs.map((grant) => [grant, configs[grant.source]] as const),
  ];
  return Promise.all(grants.map(([grant, source]) => fileOf(grant, source, contents)));
}

/** Readable for every user inside unless the file says otherwise, as with Compose: few images run as root. */
const usualMode = 0o444;

async function fileOf(
  grant: FileGrant,
  source: FileSource | undefined,
  contents: Contents,
): Promise<ContainerFile> {
  return {
    target: grant.target,
    content: await contentOf(grant, source, contents),
    mode: grant.mode ?? usualMode,
    uid: Number(grant.uid ?? 0),
    gid: Number(grant.gid ?? 0),
  };
}

async function contentOf(
  grant: FileGrant,
  source: FileSource | undefined,
  { release, values }: Contents,
): Promise<string> {
  if (!source) throw gone(grant, 'is not defined');
  switch (source.from) {
    case 'content':
      return reveal(source.text, values);
    case 'file': {
      const path = isAbsolute(source.path) ? source.path : join(release.filesDirectory, source.path);
      return readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
        throw gone(grant, `cannot be read from ${path} (${cause.code ?? cause.message})`);
      });
    }
    case 'environment':
      return values[source.variable] ?? missing(grant, source.variable);
    case 'external':
      return values[source.name] ?? missing(grant, source.name);
    default:
      return unreachable(source);
  }
}

function missing(grant: FileGrant, name: string): never {
  throw gone(grant, `needs "${name}", which has no value on this server`);
}

function gone({ source, at }: FileGrant, why: string): CodedError {
  return new CodedError('wiring/file-gone', `${at.file}:${at.start.line}: "${source}" ${why}`, {
    help: 'put it there, or set the secret: slipway secrets set NAME',
  });
}

/** A command of slipway.yml runs in the image and with the settings of its service. */
function taskService(revision: Revision, { name, command }: Task): ComposeService {
  const service = serviceOf(revision, name);
  return command === '' ? service : { ...service, entrypoint: [], command: ['sh', '-c', command] };
}

function serviceOf(revision: Revision, name: string): ComposeService {
  const service = projectOf(revision).services.find((one) => one.name === name);
  if (service) return service;
  throw new Error(`${revision.id} has no service "${name}"`);
}

function projectOf({ id, project }: Revision): ComposeProject {
  if (project) return project;
  throw new Error(`${id} is not of containers`);
}

function releaseOfRevision(scope: string, revision: Revision, layout: Layout): Promise<Release> {
  return releaseOf(layout, scope.split('/')[0] ?? '', revision.release.digest);
}
