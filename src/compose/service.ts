import type { Span } from '../diagnostics/index.ts';
import { noDeploy } from './deploy.ts';
import { readEnvText, readRawEnvText } from './dot-env.ts';
import type { Findings } from './findings.ts';
import { hostConfig } from './host-config.ts';
import type { Lookup } from './interpolate.ts';
import type { ComposeService, Dependency, Hook, Mount } from './model.ts';
import { joinPath } from './paths.ts';
import { serviceForm } from './service-keys.ts';
import type { EnvFile, ServiceRead } from './service-keys.ts';
import { started } from './service-texts.ts';
import type { Located } from './shapes.ts';
import { plain } from './tree.ts';
import type { Tree } from './tree.ts';

/** Files of the project, by paths relative to its root with `/` between; null when there is none. */
export interface ComposeSources {
  read(path: string): string | null;
}

/** What reading a service takes beside its text. */
export interface ServiceWorld {
  sources: ComposeSources;
  /** The project's environment. */
  lookup: Lookup;
  findings: Findings;
}

/** A service and the places of what it refers to. */
export interface ServiceDraft {
  service: ComposeService;
  dependencies: Located<Dependency>[];
  networks: { name: string; at: Span }[];
  profiles: string[];
}

/** Reads one service after merge and `extends`; undefined when it is not even a mapping. */
export function readService(
  name: string,
  tree: Tree,
  at: Span,
  world: ServiceWorld,
): ServiceDraft | undefined {
  const { findings } = world;
  const path = `services.${name}`;
  const read = serviceForm(tree, path, findings);
  if (read === undefined) return undefined;
  if (!['image', 'build', 'provider', 'extends'].some((key) => written(tree, key))) {
    findings.error('compose/missing-key', `the service "${name}" has neither image nor build`, at, {
      help: `add "image: NAME" or "build: ." to ${path}`,
    });
  }
  checkTogether(path, read, tree, findings);
  const dependencies = allDependencies(read, path, findings);
  const networks = networksOf(read);
  const alias = read.container_name;
  if (alias !== undefined) {
    findings.note(
      'compose/no-effect',
      `${path}.container_name is only another name to reach it by`,
      keyPlace(tree, 'container_name', at),
      {
        notes: ['copies of a service run side by side, and each has a name of its own'],
        help: 'nothing needs to be done; it may stay',
      },
    );
  }
  const service: ComposeService = {
    name,
    at,
    ...imageParts(read, world.lookup),
    ...processParts(read, path, world),
    ...networkParts(read, networks, alias === undefined || alias === name ? [] : [alias]),
    ...lifeParts(read),
    ...hardeningParts(read, path, world),
    ...resourceParts(read),
    dependsOn: dependencies.map(({ value }) => value),
    secrets: unique(read.secrets ?? [], ({ target }) => target),
    configs: unique(read.configs ?? [], ({ target }) => target),
    hooks: hooksOf(read, world.lookup),
    labels: { ...labelFiles(read, path, world), ...textsOf(read.labels) },
    logging: read.logging
      ? {
          driver: read.logging.driver ?? '',
          options: Object.fromEntries(read.logging.options ?? []),
        }
      : null,
    extensions: extensionsOf(tree),
  };
  return { service, dependencies, networks, profiles: read.profiles ?? [] };
}

function written(tree: Tree, key: string): boolean {
  return tree.kind === 'map' && tree.entries.has(key);
}

function keyPlace(tree: Tree, key: string, fallback: Span): Span {
  return (tree.kind === 'map' ? tree.entries.get(key)?.keyAt : undefined) ?? fallback;
}

/** Later ones win, at the place of the first. */
function unique<T>(items: T[], key: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

/** Lists of two files may say the same. */
function once(texts: string[] = []): string[] {
  return [...new Set(texts)];
}

function textsOf(map: Map<string, Located<string | null>> | undefined): Record<string, string> {
  return Object.fromEntries([...(map ?? [])].map(([key, { value }]) => [key, value ?? '']));
}

function extensionsOf(tree: Tree): Record<string, unknown> {
  if (tree.kind !== 'map') return {};
  const own = [...tree.entries].filter(([key]) => key.startsWith('x-'));
  return Object.fromEntries(own.map(([key, { value }]) => [key, plain(value)]));
}

/** Pairs of keys that say the same thing: both may stand if they agree. */
function checkTogether(path: string, read: ServiceRead, tree: Tree, findings: Findings): void {
  const limits = read.deploy?.limits;
  const pairs: [string, number | undefined, string, number | undefined | null][] = [
    ['mem_limit', read.mem_limit, 'deploy.resources.limits.memory', limits?.memory],
    ['cpus', read.cpus, 'deploy.resources.limits.cpus', limits?.cpus],
    ['pids_limit', read.pids_limit, 'deploy.resources.limits.pids', limits?.pids],
    [
      'mem_reservation',
      read.mem_reservation,
      'deploy.resources.reservations.memory',
      read.deploy?.reservations.memory,
    ],
    ['scale', read.scale, 'deploy.replicas', read.deploy?.deploy.replicas],
  ];
  for (const [one, value, other, otherValue] of pairs) {
    if (value === undefined || otherValue === undefined || otherValue === null || value === otherValue)
      continue;
    findings.error(
      'compose/conflict',
      `${path}.${one} is ${value}, and ${other} is ${otherValue}`,
      keyPlace(tree, one, tree.at),
      {
        help: `keep one of the two, such as ${other}`,
      },
    );
  }
  const policy = read.deploy?.restart;
  if (read.restart && policy && !sameRestart(read.restart, policy)) {
    findings.note(
      'compose/no-effect',
      `${path}.restart has no effect: deploy.restart_policy is written too, and wins`,
      keyPlace(tree, 'restart', tree.at),
      { help: 'keep one of the two' },
    );
  }
  if (read.network_mode !== undefined && read.networks !== undefined && read.networks.size > 0) {
    findings.error(
      'compose/conflict',
      `${path} has both network_mode and networks`,
      keyPlace(tree, 'network_mode', tree.at),
      {
        help: 'keep one of the two',
      },
    );
  }
}

type Restart = ComposeService['restart'];

function sameRestart(one: Restart, other: Restart): boolean {
  return one.policy === other.policy && one.maxRetries === other.maxRetries;
}

/** What `depends_on` and `links` say; a link with another name is refused. */
function allDependencies(read: ServiceRead, path: string, findings: Findings): Located<Dependency>[] {
  const found = new Map<string, Located<Dependency>>();
  for (const { value: link, at } of read.links ?? []) {
    const [service = '', alias = service] = link.split(':');
    found.set(service, { value: started(service, true), at });
    if (alias !== service) {
      findings.error(
        'compose/refused',
        `${path}.links: "${link}" gives a service a name for one reader alone`,
        at,
        {
          help: `give it the name for all: under networks of "${service}" write default: { aliases: [${alias}] }`,
        },
      );
    }
  }
  for (const dependency of read.depends_on ?? []) found.set(dependency.value.service, dependency);
  return [...found.values()];
}

function networksOf(read: ServiceRead): { name: string; at: Span; aliases: string[] }[] {
  if (read.network_mode !== undefined) return [];
  return [...(read.networks ?? [])].map(([name, { aliases, at }]) => ({ name, aliases, at }));
}

function imageParts(read: ServiceRead, lookup: Lookup) {
  return {
    image: read.image ?? null,
    build: read.build ? { ...read.build, args: resolved(read.build.args, lookup) } : null,
    pullPolicy: read.pull_policy ?? null,
    platform: read.platform ?? null,
  };
}

/** A name without value takes that of the project's environment; without one there, it is left out. */
function resolved(values: Record<string, string | null>, lookup: Lookup): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      const found = value ?? lookup(name);
      return found === undefined ? [] : [[name, found]];
    }),
  );
}

function hooksOf(read: ServiceRead, lookup: Lookup): ComposeService['hooks'] {
  const each = (hooks: Hook[] = []) =>
    hooks.map((hook) => ({ ...hook, environment: resolved(hook.environment, lookup) }));
  return { preStart: each(read.pre_start), postStart: each(read.post_start), preStop: each(read.pre_stop) };
}

function processParts(read: ServiceRead, path: string, world: ServiceWorld) {
  return {
    entrypoint: read.entrypoint ?? null,
    command: read.command ?? null,
    workingDir: read.working_dir ?? null,
    user: read.user ?? null,
    groupAdd: once(read.group_add),
    environment: environmentOf(read, path, world),
    init: read.init ?? false,
    tty: read.tty ?? false,
    stdinOpen: read.stdin_open ?? false,
  };
}

/** `env_file` first, then `environment`; a name without value takes that of the project's environment. */
function environmentOf(read: ServiceRead, path: string, world: ServiceWorld): Record<string, string | null> {
  const values = new Map<string, string | null>();
  for (const file of read.env_file ?? []) {
    for (const [name, value] of envFileValues(
      file,
      path,
      world,
      (name) => values.get(name) ?? world.lookup(name),
    ))
      values.set(name, value);
  }
  for (const [name, { value }] of read.environment ?? [])
    values.set(name, value ?? world.lookup(name) ?? null);
  return Object.fromEntries(values);
}

function envFileValues(
  file: EnvFile,
  path: string,
  { sources, findings }: ServiceWorld,
  lookup: Lookup,
): Map<string, string> {
  const seen = joinPath(file.folder, file.path);
  const text = sources.read(seen);
  if (text === null) {
    if (file.required) {
      findings.error('compose/no-file', `${path}: there is no file ${seen}`, file.at, {
        notes: ['files that are not in the commit are not in the release'],
        help: 'commit it, or write { path: …, required: false } and set the variables in the environment of the app',
      });
    }
    return new Map();
  }
  return (file.raw ? readRawEnvText : readEnvText)({ path: seen, text, lookup }, findings);
}

function labelFiles(read: ServiceRead, path: string, world: ServiceWorld): Record<string, string> {
  return Object.fromEntries(
    (read.label_file ?? []).flatMap((file) => [...envFileValues(file, path, world, world.lookup)]),
  );
}

function networkParts(read: ServiceRead, networks: { name: string; aliases: string[] }[], more: string[]) {
  const joined =
    networks.length > 0 || read.network_mode !== undefined ? networks : [{ name: 'default', aliases: [] }];
  return {
    ports: unique((read.ports ?? []).flat(), ({ hostIp, published, target, protocol }) =>
      [hostIp, published, target, protocol].join(),
    ),
    expose: [...new Set((read.expose ?? []).flat())],
    networks: Object.fromEntries(
      joined.map(({ name, aliases }) => [name, { aliases: [...new Set([...aliases, ...more])] }]),
    ),
    networkMode: read.network_mode ?? null,
    hostname: read.hostname ?? null,
    domainname: read.domainname ?? null,
    dns: once(read.dns),
    dnsSearch: once(read.dns_search),
    extraHosts: read.extra_hosts ?? [],
  };
}

function lifeParts(
  read: ServiceRead,
): Pick<ComposeService, 'healthcheck' | 'restart' | 'stopGraceMs' | 'stopSignal'> {
  return {
    healthcheck: read.healthcheck ?? null,
    // The order of Docker Compose: `getRestartPolicy` in its pkg/compose/create.go.
    restart: read.deploy?.restart ?? read.restart ?? { policy: 'no', maxRetries: null },
    stopGraceMs: read.stop_grace_period ?? 10_000,
    stopSignal: read.stop_signal ?? null,
  };
}

function hardeningParts(read: ServiceRead, path: string, world: ServiceWorld) {
  return {
    mounts: mountsOf(read, path, world.findings),
    privileged: read.privileged ?? false,
    readOnly: read.read_only ?? false,
    capAdd: once(read.cap_add),
    capDrop: once(read.cap_drop),
    securityOpt: once((read.security_opt ?? []).map((option) => securityOption(option, path, world))),
    devices: once(read.devices),
    sysctls: textsOf(read.sysctls),
    ulimits: Object.fromEntries(read.ulimits ?? []),
    pid: read.pid ?? null,
    ipc: read.ipc ?? null,
  };
}

function mountsOf(read: ServiceRead, path: string, findings: Findings): Mount[] {
  const mounts = unique(read.volumes ?? [], ({ target }) => target);
  const temporary = unique(read.tmpfs ?? [], ({ target }) => target);
  for (const { target, at } of temporary) {
    if (!mounts.some((mount) => mount.target === target)) continue;
    findings.error('compose/conflict', `${path} mounts both a volume and a tmpfs at ${target}`, at, {
      help: 'keep one of the two',
    });
  }
  return [...mounts, ...temporary];
}

/** The Engine takes the text of a seccomp profile, not its path. */
function securityOption(
  { value, at }: Located<string>,
  path: string,
  { sources, findings }: ServiceWorld,
): string {
  const file = /^seccomp[:=](?!unconfined$|builtin$|\{)(.+)$/.exec(value)?.[1];
  if (file === undefined) return value;
  const text = sources.read(joinPath('', file));
  if (text !== null) return `seccomp=${text}`;
  findings.error('compose/no-file', `${path}.security_opt: there is no file ${file}`, at, {
    help: 'commit the profile, or write seccomp:unconfined',
  });
  return value;
}

function resourceParts(read: ServiceRead) {
  const { deploy, limits, reservations, devices } = read.deploy ?? noDeploy;
  const pids = read.pids_limit ?? limits.pids ?? null;
  const host = hostConfig(read);
  const requests = [...(host.DeviceRequests ?? []), ...devices];
  return {
    shmSizeBytes: read.shm_size ?? null,
    oomScoreAdj: read.oom_score_adj ?? null,
    limits: {
      memoryBytes: read.mem_limit ?? limits.memory ?? null,
      cpus: read.cpus ?? limits.cpus ?? null,
      pids: pids === -1 ? null : pids,
    },
    reservations: {
      memoryBytes: read.mem_reservation ?? reservations.memory ?? null,
      cpus: reservations.cpus ?? null,
    },
    deploy: { ...deploy, replicas: deploy.replicas ?? read.scale ?? null },
    hostConfig: requests.length > 0 ? { ...host, DeviceRequests: requests } : host,
  };
}
