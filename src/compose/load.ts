import { didYouMean } from '../diagnostics/index.ts';
import type { Result, Span } from '../diagnostics/index.ts';
import { readEnvText } from './dot-env.ts';
import { placeOfVariable, projectFiles, type NamedFile } from './file-list.ts';
import { Findings } from './findings.ts';
import type { Lookup } from './interpolate.ts';
import type { ComposeProject, ComposeService } from './model.ts';
import { inOrder, type Known } from './order.ts';
import { folderOf, joinPath } from './paths.ts';
import { loadFiles } from './project-files.ts';
import { fileSource, namedVolume, network } from './resources.ts';
import { readService, type ComposeSources, type ServiceDraft } from './service.ts';
import { fields, listOf, named, text } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { noSecretKept, noStandIns, type StandIns } from './stand-ins.ts';
import { isNothing, valueAt } from './tree.ts';
import type { Entry, Mapping, Tree } from './tree.ts';

/** What a project is made of. */
export interface ComposeInput {
  /**
   * Paths of the Compose files from the root, later ones over earlier ones. Null: those of COMPOSE_FILE, else the usual
   * ones with their override, as `docker compose` finds them.
   */
  files: readonly string[] | null;
  sources: ComposeSources;
  /** Variables, over those of `.env`. */
  env: Readonly<Record<string, string>>;
  /** What stands in variables for values that are for containers alone; without it, nothing does. */
  standIns?: StandIns;
  /** Active profiles; `*` for all. Without any, those of COMPOSE_PROFILES. */
  profiles: readonly string[];
  /** What COMPOSE_PROJECT_NAME stands for where neither a variable nor the files name the project. */
  name?: string;
}

/**
 * Reads Compose files into one typed project: interpolation, `extends`, `include`, merge, profiles, order.
 *
 * @returns All mistakes of all files; warnings beside the project. Never throws.
 * @see Compose Specification
 */
export function loadCompose(input: ComposeInput): Result<ComposeProject> {
  const { sources, profiles, standIns = noStandIns } = input;
  const findings = new Findings();
  const { files, folder, given } = findProject(input, findings);
  const name = nameOf(input, files);
  const lookup: Lookup = (variable) =>
    given(variable) ?? (variable === 'COMPOSE_PROJECT_NAME' ? name : undefined);
  const tree = loadFiles(files, { sources, findings, folder, lookup, standIns, includedBy: [] });
  const active =
    profiles.length > 0
      ? profiles
      : (lookup('COMPOSE_PROFILES') ?? '')
          .split(',')
          .map((profile) => profile.trim())
          .filter((profile) => profile !== '');
  const named = projectNameFrom(given, sources, findings);
  const project =
    tree === null ? undefined : readProject(tree, { sources, findings, lookup, standIns, active });
  if (project === undefined || findings.failed) return { ok: false, findings: findings.list() };
  return { ok: true, value: { ...project, name: named ?? project.name }, warnings: findings.list() };
}

/**
 * The project's files, the folder that their paths count from (that of the first), and its variables: those given, then
 * those of `.env` at the root, which may name the files, then those of `.env` in the project's folder.
 */
function findProject({ files: wanted, sources, env }: ComposeInput, findings: Findings) {
  const own: Lookup = (name) => (Object.hasOwn(env, name) ? env[name] : undefined);
  const folder = wanted === null ? '' : folderOf(wanted[0] ?? '');
  const around = withDotEnv(folder, own, { sources, findings });
  const files = projectFiles({ files: wanted, sources, lookup: around, findings });
  const inner = folderOf(files[0]?.path ?? '');
  const given = inner === folder ? around : withDotEnv(inner, around, { sources, findings });
  return { files, folder: inner, given };
}

function withDotEnv(
  folder: string,
  above: Lookup,
  { sources, findings }: Pick<ProjectWorld, 'sources' | 'findings'>,
): Lookup {
  const path = joinPath(folder, '.env');
  const text = sources.read(path);
  if (text === null) return above;
  const values = readEnvText({ path, text, lookup: above }, findings);
  return (name) => above(name) ?? values.get(name);
}

/** The `name` of the last file that has one, where it is written plainly; as Compose fills it in everywhere. */
function nameOf({ sources, name }: ComposeInput, files: readonly NamedFile[]): string | undefined {
  const written = files.flatMap(
    ({ path }) =>
      /^name:[ \t]*(["']?)([a-z0-9][a-z0-9_-]*)\1[ \t]*(#.*)?$/m.exec(sources.read(path) ?? '')?.[2] ?? [],
  );
  return written.at(-1) ?? name;
}

/** COMPOSE_PROJECT_NAME, which wins over the files' own `name`. */
function projectNameFrom(given: Lookup, sources: ComposeSources, findings: Findings): string | undefined {
  const name = given('COMPOSE_PROJECT_NAME');
  if (name === undefined || name === '') return undefined;
  if (!projectName.test(name)) badName(name, placeOfVariable('COMPOSE_PROJECT_NAME', sources), findings);
  return name;
}

function badName(name: string, at: Span, findings: Findings): void {
  findings.error('compose/bad-value', `"${name}" cannot be the name of a project`, at, {
    help: 'use lower-case letters, digits, "-" and "_", and begin with a letter or digit',
  });
}

interface ProjectWorld {
  sources: ComposeSources;
  findings: Findings;
  lookup: Lookup;
  standIns: StandIns;
  active: readonly string[];
}

/** Anything: read elsewhere. */
const later: Shape<Tree> = (tree) => tree;

const topForm = fields(
  {
    name: text,
    services: later,
    networks: later,
    volumes: later,
    secrets: later,
    configs: later,
    include: later,
  },
  {
    of: 'a Compose file',
    ignored: { version: 'Compose files have no versions any more' },
    refused: {
      models: {
        reason: 'Slipway runs no models of Docker',
        help: 'run the model as a service, and give its address as a variable',
      },
    },
  },
);

const projectName = /^[a-z0-9][a-z0-9_-]*$/;

function readProject(tree: Mapping, world: ProjectWorld): ComposeProject | undefined {
  const { findings } = world;
  const top = topForm(tree, '', findings) ?? {};
  const writtenName = valueAt(tree, 'name') ?? tree;
  const isClear = top.name !== undefined && noSecretKept(writtenName, ['name'], world);
  const name = isClear ? (top.name ?? null) : null;
  if (name !== null && !projectName.test(name)) badName(name, writtenName.at, findings);
  const entries = named(top.services, 'services', findings);
  if (entries.size === 0) noService(tree, top.services, findings);
  const known = new Map(
    [...entries].map(([service, { value }]) => [service, knownService(service, value, world)]),
  );
  const drafts = [...entries].flatMap(([service, { value, keyAt }]) => {
    const isRead = known.get(service)?.active && noSecretKept(value, ['services', service], world);
    return isRead ? (readService(service, value, keyAt, world) ?? []) : [];
  });
  const parts = readParts(top, world);
  checkReferences(drafts, parts, findings);
  return { name, ...used(inOrder(drafts, known, findings), parts) };
}

function noService(tree: Mapping, services: Tree | undefined, findings: Findings): void {
  if (services !== undefined && !isNothing(services) && services.kind !== 'map') return;
  findings.error(
    'compose/no-service',
    'the Compose file defines no service',
    tree.entries.get('services')?.keyAt ?? tree.at,
    {
      help: 'write "services:", and below it a name with an "image:" or a "build:"',
    },
  );
}

function knownService(name: string, tree: Tree, { active, findings }: ProjectWorld): Known {
  const written = valueAt(tree, 'profiles');
  const profiles =
    written === undefined || isNothing(written)
      ? []
      : (listOf(text)(written, `services.${name}.profiles`, findings) ?? []);
  const isActive =
    profiles.length === 0 || active.includes('*') || profiles.some((profile) => active.includes(profile));
  return { name, profiles, active: isActive };
}

type Parts = Pick<ComposeProject, 'networks' | 'volumes' | 'secrets' | 'configs'>;

function readParts(top: { [K in keyof Parts]?: Tree | undefined }, world: ProjectWorld): Parts {
  return {
    networks: readEach(top.networks, 'networks', network, world),
    volumes: readEach(top.volumes, 'volumes', namedVolume, world),
    secrets: readEach(top.secrets, 'secrets', fileSource, world),
    configs: readEach(top.configs, 'configs', fileSource, world),
  };
}

/** A part with a mistake is left out; it is known nevertheless, so that nothing is said twice. */
function readEach<T>(
  tree: Tree | undefined,
  section: string,
  shape: Shape<T>,
  world: ProjectWorld,
): Record<string, T> {
  const { findings } = world;
  const entries = [...named(tree, section, findings)].map(([name, { value, keyAt }]: [string, Entry]) => {
    const at = isNothing(value) ? keyAt : value.at;
    if (!noSecretKept(value, [section, name], world)) return [name, undefined];
    return [name, shape({ ...value, at }, `${section}.${name}`, findings)];
  });
  return Object.fromEntries(entries) as Record<string, T>;
}

function checkReferences(drafts: readonly ServiceDraft[], parts: Parts, findings: Findings): void {
  for (const { service, networks } of drafts) {
    const { name, mounts, secrets, configs, build } = service;
    const check = (section: keyof Parts, key: string, at: Span) =>
      checkReference(name, { section, key, at }, parts, findings);
    for (const { name: key, at } of networks) if (key !== 'default') check('networks', key, at);
    for (const mount of mounts)
      if (mount.kind === 'volume' && mount.source !== null) check('volumes', mount.source, mount.at);
    for (const { source, at } of [...secrets, ...(build?.secrets ?? [])]) check('secrets', source, at);
    for (const { source, at } of configs) check('configs', source, at);
  }
}

interface Reference {
  section: keyof Parts;
  key: string;
  at: Span;
}

function checkReference(
  service: string,
  { section, key, at }: Reference,
  parts: Parts,
  findings: Findings,
): void {
  const known = Object.keys(parts[section]);
  if (known.includes(key)) return;
  const near = didYouMean(key, known);
  findings.error(
    'compose/unknown-reference',
    `"${service}" uses ${section}.${key}, which is not defined`,
    at,
    {
      notes: known.length === 0 ? [] : [`defined ${section}: ${known.join(', ')}`],
      help:
        near === undefined ? `add "${key}:" under "${section}:" at the top level` : `did you mean "${near}"?`,
    },
  );
}

/** What the services use, as `docker compose config` prints it; the default network is there unless none uses it. */
function used(services: ComposeService[], parts: Parts): Omit<ComposeProject, 'name'> {
  const networks = new Set(services.flatMap((service) => Object.keys(service.networks)));
  const volumes = new Set(
    services.flatMap(({ mounts }) =>
      mounts.flatMap((mount) => (mount.kind === 'volume' ? [mount.source] : [])),
    ),
  );
  const secrets = new Set(
    services
      .flatMap(({ secrets, build }) => [...secrets, ...(build?.secrets ?? [])])
      .map(({ source }) => source),
  );
  const configs = new Set(services.flatMap((service) => service.configs).map(({ source }) => source));
  const standard = {
    name: null,
    external: false,
    internal: false,
    ipv6: false,
    driver: null,
    driverOptions: {},
    subnets: [],
    labels: {},
  };
  return {
    services,
    networks: only({ default: standard, ...parts.networks }, networks),
    volumes: only(parts.volumes, volumes),
    secrets: only(parts.secrets, secrets),
    configs: only(parts.configs, configs),
  };
}

function only<T>(all: Record<string, T>, names: ReadonlySet<string | null>): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
}
