import type { ComposeProject, ComposeService, Mount } from '../../src/compose/index.ts';
import { parseBytes, parseDurationMs } from '../../src/compose/units.ts';

/*
 * What a project says, in one form for both readers: `docker compose config --format json` and Slipway's model. Paths
 * are seen from the root, durations are ms, sizes are bytes, and what says nothing is left out.
 */

type Json = { [key: string]: unknown };

export interface Essence {
  name: unknown;
  services: Record<string, Json>;
  volumes: Json;
  networks: Json;
  secrets: Json;
  configs: Json;
}

/** Without what is null, undefined, empty, false or missing: both sides leave out different defaults. */
function lean(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, one]) =>
        one !== null &&
        one !== undefined &&
        one !== false &&
        !(typeof one === 'object' && Object.keys(one).length === 0),
    ),
  );
}

const record = (value: unknown): Json => (value ?? {}) as Json;
const list = (value: unknown): Json[] => (value ?? []) as Json[];
const texts = (value: unknown): string[] =>
  value === undefined || value === null ? [] : [value].flat().map(String);
const maybe = <T>(value: unknown, read: (text: string) => T): T | undefined =>
  value === undefined || value === null
    ? undefined
    : read(typeof value === 'string' ? value : JSON.stringify(value));
const mapped = (value: unknown, read: (one: Json, key: string) => unknown): Json =>
  Object.fromEntries(Object.entries(record(value)).map(([key, one]) => [key, read(record(one), key)]));

/** What `docker compose config --format json` prints. */
export function essenceOfDocker(printed: Json, root: string): Essence {
  const json = unescaped(printed) as Json;
  const project = String(json['name']);
  const path = (value: unknown) =>
    maybe(value, (text) => (text === root ? '.' : text.replace(`${root}/`, '')));
  // A name that Docker made of the project's and the key's is none that anyone wrote.
  const written = (value: Json, key: string) =>
    value['name'] === `${project}_${key}` ? undefined : value['name'];
  const source = (value: Json, key: string) =>
    lean({
      file: path(value['file']),
      environment: value['environment'],
      content: value['content'],
      external: value['external'] && (value['name'] ?? key),
    });
  return {
    name: project,
    services: mapped(json['services'], (service) => dockerService(service, path)) as Record<string, Json>,
    volumes: mapped(json['volumes'], (value, key) =>
      lean({ ...value, name: written(value, key), driver_opts: value['driver_opts'] }),
    ),
    networks: mapped(json['networks'], (value, key) =>
      lean({
        name: written(value, key),
        external: value['external'],
        internal: value['internal'],
        driver: value['driver'],
        subnets: list(record(value['ipam'])['config']).map(({ subnet }) => subnet),
      }),
    ),
    secrets: mapped(json['secrets'], source),
    configs: mapped(json['configs'], source),
  };
}

function dockerService(service: Json, path: (value: unknown) => string | undefined): Json {
  const deploy = record(service['deploy']);
  const resources = record(deploy['resources']);
  const [limits, reservations] = [record(resources['limits']), record(resources['reservations'])];
  const check = service['healthcheck'] === undefined ? undefined : record(service['healthcheck']);
  const build = service['build'] === undefined ? undefined : record(service['build']);
  const duration = (value: unknown) => maybe(value, parseDurationMs);
  return lean({
    ...same(service),
    build:
      build &&
      lean({
        ...build,
        context: path(build['context']),
        shm_size: maybe(build['shm_size'], parseBytes),
        additional_contexts: Object.fromEntries(
          Object.entries(record(build['additional_contexts'])).map(([key, value]) => [key, path(value)]),
        ),
        secrets: list(build['secrets']).map((grant) => grantOf(grant)),
      }),
    environment: service['environment'],
    ports: list(service['ports']).map(({ target, published, host_ip, protocol }) =>
      lean({ target, published: maybe(published, Number) || undefined, host_ip, protocol }),
    ),
    expose: texts(service['expose']).flatMap(portsOf),
    volumes: [
      ...list(service['volumes']).map((mount) => dockerMount(mount, path)),
      ...texts(service['tmpfs']).map((text) => ({ type: 'tmpfs', target: text.split(':')[0] })),
    ],
    // A container's name is a name to reach it by, which Docker does without saying so.
    networks: mapped(service['networks'], ({ aliases }) =>
      [...texts(aliases), ...texts(service['container_name'])].sort(),
    ),
    depends_on: mapped(service['depends_on'], ({ condition, required, restart }) =>
      lean({ condition, required, restart }),
    ),
    healthcheck:
      check &&
      (check['disable'] === true || texts(check['test'])[0] === 'NONE'
        ? { disable: true }
        : lean({
            test: check['test'],
            interval: duration(check['interval']),
            timeout: duration(check['timeout']),
            start_period: duration(check['start_period']),
            start_interval: duration(check['start_interval']),
            retries: check['retries'],
          })),
    restart: dockerRestart(service, deploy),
    stop_grace_period: duration(service['stop_grace_period']) ?? 10_000,
    mem_limit: maybe(service['mem_limit'] ?? limits['memory'], parseBytes),
    mem_reservation: maybe(service['mem_reservation'] ?? reservations['memory'], parseBytes),
    memswap_limit: maybe(service['memswap_limit'], parseBytes),
    shm_size: maybe(service['shm_size'], parseBytes),
    cpus: maybe(service['cpus'] ?? limits['cpus'], Number),
    pids: maybe(service['pids_limit'] ?? limits['pids'], Number),
    replicas: deploy['replicas'] ?? service['scale'],
    update_config: deploy['update_config'] && updateOf(record(deploy['update_config']), duration),
    deploy_labels: deploy['labels'],
    ulimits: Object.fromEntries(
      Object.entries(record(service['ulimits'])).map(([key, value]) => {
        const { soft, hard } = typeof value === 'number' ? { soft: value, hard: value } : record(value);
        return [key, { soft, hard }];
      }),
    ),
    extra_hosts: texts(service['extra_hosts'])
      .map((line) => line.replace('=', ':'))
      .sort(),
    secrets: list(service['secrets']).map((grant) => grantOf(grant)),
    configs: list(service['configs']).map((grant) => grantOf(grant)),
    devices: ((service['devices'] ?? []) as (string | Json)[]).map((device) =>
      typeof device === 'string'
        ? device
        : [device['source'], device['target'], device['permissions']].join(':'),
    ),
    mem_swappiness: maybe(service['mem_swappiness'], Number),
  });
}

/** Keys that both sides print alike. */
function same(service: Json): Json {
  const keys =
    'image command entrypoint working_dir user group_add hostname domainname dns dns_search dns_opt stop_signal init privileged read_only cap_add cap_drop security_opt sysctls pid ipc oom_score_adj tty stdin_open labels logging network_mode platform cpu_shares cpuset userns_mode runtime cgroup_parent cgroup uts storage_opt annotations oom_kill_disable device_cgroup_rules';
  return Object.fromEntries(keys.split(' ').map((key) => [key, service[key]]));
}

/** `4002-4003` */
function portsOf(text: string): number[] {
  const [first = 0, last = first] = text.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function grantOf({ source, target, uid, gid, mode }: Json): Json {
  return lean({
    source,
    target: maybe(target ?? source, (text) => text.split('/').at(-1)),
    uid,
    gid,
    mode: maybe(mode, Number),
  });
}

function dockerMount(mount: Json, path: (value: unknown) => string | undefined): Json {
  const { type, source, target, read_only } = mount;
  const bind = record(mount['bind']);
  const common = { type, target: String(target).replace(/(?<=.)\/+$/, '') };
  if (type === 'tmpfs') return common;
  if (type === 'volume')
    return lean({ ...common, source, read_only, nocopy: record(mount['volume'])['nocopy'] });
  return lean({
    ...common,
    source: path(source),
    read_only,
    propagation: bind['propagation'],
    selinux: bind['selinux'],
  });
}

/** `deploy.restart_policy` wins over `restart`, and both take each other's words. */
function dockerRestart(service: Json, deploy: Json): string | undefined {
  const policy = deploy['restart_policy'] && record(deploy['restart_policy']);
  if (!policy) return service['restart'] === 'no' ? undefined : maybe(service['restart'], String);
  const { condition = 'any', max_attempts: attempts } = policy as {
    condition?: string;
    max_attempts?: number;
  };
  if (condition === 'none' || condition === 'no') return undefined;
  if (condition === 'on-failure' && attempts !== undefined) return `${condition}:${attempts}`;
  return condition === 'any' ? 'always' : condition;
}

function updateOf(rules: Json, duration: (value: unknown) => number | null | undefined): Json {
  return lean({
    order: 'stop-first',
    failure_action: 'pause',
    ...rules,
    max_failure_ratio: rules['max_failure_ratio'] ?? 0,
    delay: duration(rules['delay']),
    monitor: duration(rules['monitor']) ?? 5_000,
  });
}

/** `config` writes a dollar sign as two. */
function unescaped(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$$', '$');
  if (Array.isArray(value)) return value.map(unescaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unescaped(one)]));
}

const conditions = {
  started: 'service_started',
  healthy: 'service_healthy',
  completed: 'service_completed_successfully',
};

/** What Slipway reads. */
export function essenceOfSlipway(project: ComposeProject): Essence {
  const sources = (all: ComposeProject['secrets']) =>
    Object.fromEntries(
      Object.entries(all).map(([key, source]) => [
        key,
        lean({
          file: source.from === 'file' ? source.path : undefined,
          environment: source.from === 'environment' ? source.variable : undefined,
          content: source.from === 'content' ? source.text : undefined,
          external: source.from === 'external' ? source.name : undefined,
        }),
      ]),
    );
  return {
    name: project.name,
    services: Object.fromEntries(project.services.map((service) => [service.name, slipwayService(service)])),
    volumes: Object.fromEntries(
      Object.entries(project.volumes).map(([key, { driverOptions, ...volume }]) => [
        key,
        lean({ ...volume, driver_opts: driverOptions }),
      ]),
    ),
    networks: Object.fromEntries(
      Object.entries(project.networks).map(([key, { name, external, internal, driver, subnets }]) => [
        key,
        lean({ name, external, internal, driver, subnets }),
      ]),
    ),
    secrets: sources(project.secrets),
    configs: sources(project.configs),
  };
}

function slipwayService(service: ComposeService): Json {
  const { build, healthcheck: check, deploy, hostConfig: host } = service;
  const retries = service.restart.maxRetries === null ? '' : `:${service.restart.maxRetries}`;
  const grants = (all: ComposeService['secrets']) => all.map((grant) => grantOf({ ...grant }));
  return lean({
    image: service.image,
    command: service.command,
    entrypoint: service.entrypoint,
    working_dir: service.workingDir,
    user: service.user,
    group_add: service.groupAdd,
    hostname: service.hostname,
    domainname: service.domainname,
    dns: service.dns,
    dns_search: service.dnsSearch,
    dns_opt: host.DnsOptions,
    stop_signal: service.stopSignal,
    init: service.init,
    privileged: service.privileged,
    read_only: service.readOnly,
    cap_add: service.capAdd,
    cap_drop: service.capDrop,
    security_opt: service.securityOpt,
    sysctls: service.sysctls,
    pid: service.pid,
    ipc: service.ipc,
    oom_score_adj: service.oomScoreAdj,
    tty: service.tty,
    stdin_open: service.stdinOpen,
    labels: service.labels,
    logging: service.logging && lean({ ...service.logging, driver: service.logging.driver || undefined }),
    network_mode: service.networkMode,
    platform: service.platform,
    cpu_shares: host.CpuShares,
    cpuset: host.CpusetCpus,
    userns_mode: host.UsernsMode,
    runtime: host.Runtime,
    cgroup_parent: host.CgroupParent,
    cgroup: host.CgroupnsMode,
    uts: host.UTSMode,
    storage_opt: host.StorageOpt,
    annotations: host.Annotations,
    oom_kill_disable: host.OomKillDisable,
    mem_swappiness: host.MemorySwappiness,
    device_cgroup_rules: host.DeviceCgroupRules,
    build:
      build &&
      lean({
        context: build.context,
        dockerfile: build.dockerfile,
        dockerfile_inline: build.dockerfileInline,
        args: build.args,
        target: build.target,
        labels: build.labels,
        cache_from: build.cacheFrom,
        no_cache: build.noCache,
        network: build.network,
        platforms: build.platforms,
        secrets: grants(build.secrets),
        shm_size: build.shmSizeBytes,
        additional_contexts: build.additionalContexts,
        extra_hosts: build.extraHosts,
        pull: build.pull,
      }),
    environment: service.environment,
    ports: service.ports.map(({ target, published, hostIp, protocol }) =>
      lean({ target, published, host_ip: hostIp, protocol }),
    ),
    expose: service.expose,
    volumes: service.mounts.map(slipwayMount),
    networks: Object.fromEntries(
      Object.entries(service.networks).map(([key, { aliases }]) => [key, [...aliases].sort()]),
    ),
    depends_on: Object.fromEntries(
      service.dependsOn.map(({ service: name, condition, required, restart }) => [
        name,
        lean({ condition: conditions[condition], required, restart }),
      ]),
    ),
    healthcheck:
      check &&
      (check.disable
        ? { disable: true }
        : lean({
            test: check.test,
            interval: check.intervalMs,
            timeout: check.timeoutMs,
            start_period: check.startPeriodMs,
            start_interval: check.startIntervalMs,
            retries: check.retries,
          })),
    restart: service.restart.policy === 'no' ? undefined : `${service.restart.policy}${retries}`,
    stop_grace_period: service.stopGraceMs,
    mem_limit: service.limits.memoryBytes,
    mem_reservation: service.reservations.memoryBytes,
    memswap_limit: host.MemorySwap,
    shm_size: service.shmSizeBytes,
    cpus: service.limits.cpus,
    pids: service.limits.pids,
    replicas: deploy.replicas,
    update_config:
      deploy.update &&
      lean({
        parallelism: deploy.update.parallelism,
        delay: deploy.update.delayMs,
        order: deploy.update.order,
        failure_action: deploy.update.failureAction,
        monitor: deploy.update.monitorMs,
        max_failure_ratio: deploy.update.maxFailureRatio,
      }),
    deploy_labels: deploy.labels,
    ulimits: service.ulimits,
    extra_hosts: [...service.extraHosts].sort(),
    secrets: grants(service.secrets),
    configs: grants(service.configs),
    devices: service.devices,
  });
}

function slipwayMount(mount: Mount): Json {
  const common = { type: mount.kind, target: mount.target };
  if (mount.kind === 'tmpfs') return common;
  const both = { ...common, source: mount.source, read_only: mount.readOnly };
  if (mount.kind === 'volume') return lean({ ...both, nocopy: mount.noCopy });
  return lean({ ...both, propagation: mount.propagation, selinux: mount.selinux });
}
