import { didYouMean } from '../diagnostics/index.ts';
import type { Result, Span } from '../diagnostics/index.ts';
import { readEnvText } from './dot-env.ts';
import { Findings } from './findings.ts';
import type { Lookup } from './interpolate.ts';
import type { ComposeProject, ComposeService } from './model.ts';
import { inOrder, type Known } from './order.ts';
import { loadFiles } from './project-files.ts';
import { fileSource, namedVolume, network } from './resources.ts';
import { readService, type ComposeSources, type ServiceDraft } from './service.ts';
import { fields, listOf, named, text } from './shapes.ts';
import type { Shape } from './shapes.ts';
import { isNothing, valueAt } from './tree.ts';
import type { Entry, Mapping, Tree } from './tree.ts';

/** What a project is made of. */
export interface ComposeInput {
  /** Paths of the Compose files, later ones over earlier ones. */
  files: readonly string[];
  sources: ComposeSources;
  /** Variables, over those of `.env` at the project's root. */
  env: Readonly<Record<string, string>>;
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
  const { files, sources, env, profiles } = input;
  const findings = new Findings();
  const given = environmentOf(env, sources, findings);
  const name = nameOf(input);
  const lookup: Lookup = (variable) =>
    given(variable) ?? (variable === 'COMPOSE_PROJECT_NAME' ? name : undefined);
  checkFileList(files, given, findings);
  const start = (path: string): Span => ({
    file: path,
    start: { line: 1, column: 1 },
    end: { line: 1, column: 1 },
  });
  const tree = loadFiles(
    files.map((path) => ({ path, at: start(path) })),
    { sources, findings, folder: '', lookup, includedBy: [] },
  );
  const active =
    profiles.length > 0
      ? profiles
      : (lookup('COMPOSE_PROFILES') ?? '').split(',').filter((name) => name !== '');
  const project = tree === null ? undefined : readProject(tree, { sources, findings, lookup, active });
  if (project === undefined || findings.failed) return { ok: false, findings: findings.list() };
  return { ok: true, value: project, warnings: findings.list() };
}

/** The `name` of the last file that has one, where it is written plainly; as Compose fills it in everywhere. */
function nameOf({ files, sources, name }: ComposeInput): string | undefined {
  const written = files.flatMap(
    (path) =>
      /^name:[ \t]*(["']?)([a-z0-9][a-z0-9_-]*)\1[ \t]*(#.*)?$/m.exec(sources.read(path) ?? '')?.[2] ?? [],
  );
  return written.at(-1) ?? name;
}

/** The server runs the files that slipway.yml or their usual names say: a list elsewhere must not be taken for granted. */
function checkFileList(files: readonly string[], lookup: Lookup, findings: Findings): void {
  const listed = lookup('COMPOSE_FILE');
  if (listed === undefined || listed === '') return;
  const paths = listed
    .split(lookup('COMPOSE_PATH_SEPARATOR') ?? ':')
    .map((path) => path.replace(/^\.\//, ''));
  if (paths.join('\n') === files.join('\n')) return;
  const at = { file: '.env', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
  findings.error(
    'compose/file-list',
    `COMPOSE_FILE names ${paths.join(', ')}, and what is read is ${files.join(', ')}`,
    at,
    {
      help: `say it in slipway.yml: compose: { files: [${paths.join(', ')}] }`,
    },
  );
}

function environmentOf(
  env: Readonly<Record<string, string>>,
  sources: ComposeSources,
  findings: Findings,
): Lookup {
  const given: Lookup = (name) => (Object.hasOwn(env, name) ? env[name] : undefined);
  const text = sources.read('.env');
  const values =
    text === null ? new Map<string, string>() : readEnvText({ path: '.env', text, lookup: given }, findings);
  return (name) => given(name) ?? values.get(name);
}

interface ProjectWorld {
  sources: ComposeSources;
  findings: Findings;
  lookup: Lookup;
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
  const name = top.name ?? null;
  if (name !== null && !projectName.test(name)) {
    findings.error(
      'compose/bad-value',
      `"${name}" cannot be the name of a project`,
      valueAt(tree, 'name')?.at ?? tree.at,
      {
        help: 'use lower-case letters, digits, "-" and "_", and begin with a letter or digit',
      },
    );
  }
  const entries = named(top.services, 'services', findings);
  if (entries.size === 0) noService(tree, top.services, findings);
  const known = new Map(
    [...entries].map(([service, { value }]) => [service, knownService(service, value, world)]),
  );
  const drafts = [...entries].flatMap(([service, { value, keyAt }]) => {
    return known.get(service)?.active ? (readService(service, value, keyAt, world) ?? []) : [];
  });
  const parts = readParts(top, findings);
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

function readParts(top: { [K in keyof Parts]?: Tree | undefined }, findings: Findings): Parts {
  return {
    networks: readEach(top.networks, 'networks', network, findings),
    volumes: readEach(top.volumes, 'volumes', namedVolume, findings),
    secrets: readEach(top.secrets, 'secrets', fileSource, findings),
    configs: readEach(top.configs, 'configs', fileSource, findings),
  };
}

/** A part with a mistake is left out; it is known nevertheless, so that nothing is said twice. */
function readEach<T>(
  tree: Tree | undefined,
  section: string,
  shape: Shape<T>,
  findings: Findings,
): Record<string, T> {
  const entries = [...named(tree, section, findings)].map(([name, { value, keyAt }]: [string, Entry]) => {
    const at = isNothing(value) ? keyAt : value.at;
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
