import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import type { ComposeService, Healthcheck, PublishedPort } from '../../compose/index.ts';
import { expectedOf } from './drift.ts';
import type { ContainerSpec } from './model.ts';
import type { EngineMounts } from './mounts.ts';
import { containerName, label } from './names.ts';
import type { Attachment } from './networks.ts';

/** What decides the settings of a container, beside its spec. */
export interface OptionParts {
  homeId: string;
  attached: Attachment[];
  mounts: EngineMounts;
  publish: PublishedPort[];
  /** Comes back after every end and restart of the engine, as the file says. */
  staysUp: boolean;
  /** `slipway.instance`, or `slipway.task` */
  identity: Record<string, string>;
}

const nanoPerMs = 1_000_000;

/** The settings with which the engine makes a container: what the Compose file says, nothing softened. */
export function containerOptions(spec: ContainerSpec, parts: OptionParts): ContainerCreateOptions {
  const { service, image, environment } = spec;
  const ports = [...service.expose.map((port) => `${port}/tcp`), ...parts.publish.map(portKey)];
  const [first] = parts.attached;
  const options = {
    Image: image,
    ...(service.entrypoint === null ? {} : { Entrypoint: service.entrypoint }),
    ...(service.command === null ? {} : { Cmd: service.command }),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...optional({
      User: service.user,
      WorkingDir: service.workingDir,
      Hostname: service.hostname,
      Domainname: service.domainname,
      StopSignal: service.stopSignal,
      Healthcheck: healthcheck(service.healthcheck),
    }),
    StopTimeout: Math.ceil(service.stopGraceMs / 1000),
    Tty: service.tty,
    OpenStdin: service.stdinOpen,
    ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])),
    HostConfig: hostConfig(spec, parts),
    ...(first && service.networkMode === null
      ? { NetworkingConfig: { EndpointsConfig: { [first.network]: { Aliases: first.aliases } } } }
      : {}),
  };
  const labels = {
    ...service.labels,
    [label.home]: parts.homeId,
    [label.scope]: spec.scope,
    [label.revision]: spec.revision,
    [label.process]: service.name,
    [label.release]: spec.release,
    ...parts.identity,
  };
  const expected = expectedOf(
    options.HostConfig,
    parts.attached.map(({ network }) => network),
  );
  return {
    ...options,
    Labels: { ...labels, [label.expected]: JSON.stringify(expected) },
  } as ContainerCreateOptions;
}

function optional(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function healthcheck(check: Healthcheck | null): object | null {
  if (check === null) return null;
  if (check.disable) return { Test: ['NONE'] };
  const nano = (valueMs: number | null) => (valueMs === null ? null : valueMs * nanoPerMs);
  return optional({
    Test: check.test,
    Interval: nano(check.intervalMs),
    Timeout: nano(check.timeoutMs),
    StartPeriod: nano(check.startPeriodMs),
    StartInterval: nano(check.startIntervalMs),
    Retries: check.retries,
  });
}

function hostConfig(spec: ContainerSpec, parts: OptionParts) {
  const { service } = spec;
  const { limits, reservations } = service;
  return {
    ...service.hostConfig,
    ...parts.mounts,
    NetworkMode: networkMode(spec, parts),
    RestartPolicy: restartPolicy(service, parts.staysUp),
    PortBindings: portBindings(parts.publish),
    Privileged: service.privileged,
    ReadonlyRootfs: service.readOnly,
    Init: service.init,
    CapAdd: service.capAdd,
    CapDrop: service.capDrop,
    SecurityOpt: service.securityOpt.map((option) => securityOption(option, spec.directory)),
    Devices: service.devices.map(device),
    Sysctls: service.sysctls,
    Ulimits: Object.entries(service.ulimits).map(([Name, { soft, hard }]) => ({
      Name,
      Soft: soft,
      Hard: hard,
    })),
    GroupAdd: service.groupAdd,
    Dns: service.dns,
    DnsSearch: service.dnsSearch,
    ExtraHosts: service.extraHosts,
    ...optional({
      Memory: limits.memoryBytes,
      NanoCpus: limits.cpus === null ? null : Math.round(limits.cpus * 1e9),
      PidsLimit: limits.pids,
      MemoryReservation: reservations.memoryBytes,
      ShmSize: service.shmSizeBytes,
      OomScoreAdj: service.oomScoreAdj,
      PidMode: namespaceOf(spec, service.pid),
      IpcMode: namespaceOf(spec, service.ipc),
      LogConfig: service.logging && { Type: service.logging.driver, Config: service.logging.options },
    }),
  };
}

function networkMode(spec: ContainerSpec, { attached }: OptionParts): string {
  const { networkMode: mode } = spec.service;
  return (mode === null ? attached[0]?.network : namespaceOf(spec, mode)) ?? 'none';
}

/** `service:NAME` means the first copy of that service in the same revision. */
function namespaceOf({ scope, revision }: ContainerSpec, mode: string | null): string | null {
  if (!mode?.startsWith('service:')) return mode;
  return `container:${containerName(scope, `${revision}-${mode.slice('service:'.length)}-1`)}`;
}

/** A copy is always to be up: where the file says nothing of restarts, it comes back as a process would. */
function restartPolicy({ restart }: ComposeService, staysUp: boolean) {
  if (!staysUp) return { Name: 'no', MaximumRetryCount: 0 };
  if (restart.policy === 'no') return { Name: 'unless-stopped', MaximumRetryCount: 0 };
  return { Name: restart.policy, MaximumRetryCount: restart.maxRetries ?? 0 };
}

function portKey({ target, protocol }: PublishedPort): string {
  return `${target}/${protocol}`;
}

/** Without an address a port is for this machine alone; what the file opens, it opens by writing so. */
function portBindings(ports: readonly PublishedPort[]): Record<string, object[]> {
  const bindings: Record<string, object[]> = {};
  for (const port of ports) {
    const HostPort = port.published === null ? '' : String(port.published);
    (bindings[portKey(port)] ??= []).push({ HostIp: port.hostIp ?? '127.0.0.1', HostPort });
  }
  return bindings;
}

/** `/dev/a`, `/dev/a:/dev/b`, `/dev/a:/dev/b:r` */
function device(text: string): object {
  const [host = '', second, third] = text.split(':');
  const inside = second?.startsWith('/') ? second : host;
  const permissions = third ?? (second === undefined || second.startsWith('/') ? 'rwm' : second);
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: permissions };
}

/** The engine takes the text of a seccomp profile; the file names its path. */
function securityOption(option: string, directory: string): string {
  const [, path] = /^seccomp[=:](.+)$/.exec(option) ?? [];
  if (path === undefined) return option;
  const isPath = path !== 'unconfined' && path !== 'builtin' && !path.startsWith('{');
  return isPath ? `seccomp=${readFileSync(resolve(directory, path), 'utf8')}` : `seccomp=${path}`;
}
