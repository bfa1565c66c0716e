import type { Span } from '../diagnostics/index.ts';
import { deploy } from './deploy.ts';
import { grant } from './grants.ts';
import { hostConfigFields } from './host-config.ts';
import { imageBuild } from './image-build.ts';
import type { Mount } from './model.ts';
import { mount, tmpfs } from './service-mounts.ts';
import { exposedPorts, publishedPorts } from './service-ports.ts';
import { dependsOn, extraHosts, healthcheck, hook } from './service-texts.ts';
import {
  anyText,
  anyTexts,
  badValue,
  bytes,
  command,
  durationMs,
  fields,
  flag,
  keyed,
  listOf,
  located,
  mapOf,
  number,
  oneOf,
  text,
  texts,
  whole,
} from './shapes.ts';
import type { ReadFields, Refusal, Shape } from './shapes.ts';
import { isNothing } from './tree.ts';

const fixedAddress: Refusal = {
  reason: 'two copies of a service run side by side and cannot share a fixed address',
  help: 'take it out, and reach the service by its name',
};

const networkForm = fields(
  { aliases: listOf(text) },
  {
    of: "a service's network",
    ignored: {
      priority: 'Slipway joins the networks in the order of their names',
      gw_priority: 'the engine chooses the way out',
      interface_name: 'the engine names the interfaces',
    },
    refused: {
      ipv4_address: fixedAddress,
      ipv6_address: fixedAddress,
      link_local_ips: fixedAddress,
      mac_address: fixedAddress,
      driver_opts: {
        reason: 'options of a single connection are not passed on',
        help: 'put them under the network itself',
      },
    },
  },
);

/** `networks` of a service: names, or a mapping with aliases. */
const networks: Shape<Map<string, { aliases: string[]; at: Span }>> = (tree, path, findings) => {
  if (tree.kind !== 'map') {
    const names = listOf(located(text))(tree, path, findings);
    return names && new Map(names.map(({ value, at }) => [value, { aliases: [], at }]));
  }
  return new Map(
    [...tree.entries].map(([name, { keyAt, value }]) => {
      const read = isNothing(value) ? undefined : networkForm(value, `${path}.${name}`, findings);
      return [name, { aliases: read?.aliases ?? [], at: keyAt }];
    }),
  );
};

const ulimit: Shape<{ soft: number; hard: number }> = (tree, path, findings) => {
  if (tree.kind === 'scalar') {
    const both = whole(-1)(tree, path, findings);
    return both === undefined ? undefined : { soft: both, hard: both };
  }
  const read = fields({ soft: whole(-1), hard: whole(-1) }, { of: 'a ulimit' })(tree, path, findings);
  if (read?.soft !== undefined && read.hard !== undefined) return { soft: read.soft, hard: read.hard };
  if (read !== undefined)
    findings.error('compose/missing-key', `${path} needs both soft and hard`, tree.at, {
      help: 'write { soft: 1024, hard: 4096 }',
    });
  return undefined;
};

const deviceForm = fields({ source: text, target: text, permissions: text }, { of: 'a device' });

/** `host:container:permissions` */
const device: Shape<string> = (tree, path, findings) => {
  const read =
    tree.kind === 'map' ? deviceForm(tree, path, findings) : shortDevice(text(tree, path, findings));
  if (read === undefined) return undefined;
  const { source = '', target = source, permissions = 'rwm' } = read;
  if (source.startsWith('/') && target.startsWith('/') && /^[rwm]+$/.test(permissions))
    return [source, target, permissions].join(':');
  return badValue(
    `${path} names no device of the host`,
    tree.at,
    findings,
    'write "/dev/NAME:/dev/NAME:rwm"',
  );
};

function shortDevice(
  written: string | undefined,
): { source?: string; target?: string; permissions?: string } | undefined {
  const [source, target, permissions, ...more] = written?.split(':') ?? [];
  if (source === undefined) return undefined;
  if (more.length > 0) return {};
  return {
    source,
    ...(target === undefined ? {} : { target }),
    ...(permissions === undefined ? {} : { permissions }),
  };
}

const pullPolicy: Shape<'always' | 'missing' | 'never' | 'build'> = (tree, path, findings) => {
  const written = text(tree, path, findings);
  if (written === undefined) return undefined;
  if (written === 'if_not_present') return 'missing';
  // Fresher than asked for is as good.
  if (/^(?:refresh|daily|weekly|every_(?:\d+[wdhms])+)$/.test(written)) return 'always';
  return oneOf(['always', 'missing', 'never', 'build', 'if_not_present'])(tree, path, findings) as
    'always' | undefined;
};

const envFileForm = fields({ path: text, required: flag, format: oneOf(['raw']) }, { of: 'an env file' });

/** A file of variables, with the folder its path counts from. */
export interface EnvFile {
  path: string;
  folder: string;
  required: boolean;
  raw: boolean;
  at: Span;
}

const envFile: Shape<EnvFile> = (tree, path, findings) => {
  if (tree.kind === 'scalar') {
    const written = text(tree, path, findings);
    return written === undefined
      ? undefined
      : { path: written, folder: tree.folder, required: true, raw: false, at: tree.at };
  }
  const read = envFileForm(tree, path, findings);
  const written = tree.kind === 'map' ? tree.entries.get('path')?.value : undefined;
  if (read?.path === undefined || written?.kind !== 'scalar') {
    if (read !== undefined && written === undefined)
      findings.error('compose/missing-key', `${path} has no path`, tree.at, { help: 'add "path: FILE"' });
    return undefined;
  }
  return {
    path: read.path,
    folder: written.folder,
    required: read.required ?? true,
    raw: read.format === 'raw',
    at: written.at,
  };
};

const envFiles: Shape<EnvFile[]> = (tree, path, findings) =>
  tree.kind === 'list'
    ? listOf(envFile)(tree, path, findings)
    : listOf(envFile)({ kind: 'list', items: [tree], at: tree.at }, path, findings);

const restart: Shape<{
  policy: 'no' | 'always' | 'on-failure' | 'unless-stopped';
  maxRetries: number | null;
}> = (tree, path, findings) => {
  const written = text(tree, path, findings);
  if (written === undefined) return undefined;
  const retries = /^on-failure:(\d+)$/.exec(written)?.[1];
  if (retries !== undefined) return { policy: 'on-failure', maxRetries: Number(retries) };
  const policy = oneOf(['no', 'always', 'on-failure', 'unless-stopped'])(tree, path, findings);
  return policy === undefined ? undefined : { policy, maxRetries: null };
};

/** A namespace that is the host's, or shared with nobody. */
function namespace(kind: string, allowed: readonly string[]): Shape<string> {
  return (tree, path, findings) => {
    const written = text(tree, path, findings);
    if (written === undefined || allowed.includes(written)) return written;
    if (!/^(?:service|container):/.test(written)) return oneOf(allowed)(tree, path, findings);
    return findings.error(
      'compose/refused',
      `${path}: "${written}" ties the ${kind} to one container, and containers are replaced one by one`,
      tree.at,
      {
        help:
          kind === 'network'
            ? 'put both services in one network, and reach the other by its name'
            : 'run both programs in one service, or take it out',
      },
    );
  };
}

const serviceFields = {
  image: text,
  build: imageBuild,
  pull_policy: pullPolicy,
  platform: text,
  entrypoint: command,
  command,
  working_dir: text,
  user: text,
  group_add: anyTexts,
  env_file: envFiles,
  environment: keyed(),
  ports: listOf(publishedPorts),
  expose: listOf(exposedPorts),
  volumes: listOf(mount),
  tmpfs: ((tree, path, findings) =>
    tree.kind === 'list'
      ? listOf(tmpfs)(tree, path, findings)
      : listOf(tmpfs)({ kind: 'list', items: [tree], at: tree.at }, path, findings)) as Shape<Mount[]>,
  networks,
  network_mode: namespace('network', ['bridge', 'host', 'none']),
  hostname: text,
  domainname: text,
  dns: texts,
  dns_search: texts,
  extra_hosts: extraHosts,
  depends_on: dependsOn,
  links: listOf(located(text)),
  healthcheck,
  restart,
  stop_grace_period: durationMs,
  stop_signal: text,
  init: flag,
  privileged: flag,
  read_only: flag,
  cap_add: listOf(text),
  cap_drop: listOf(text),
  security_opt: listOf(located(text)),
  devices: listOf(device),
  sysctls: keyed(),
  ulimits: mapOf(ulimit),
  shm_size: bytes,
  pid: namespace('processes', ['host']),
  ipc: namespace('memory', ['host', 'private', 'shareable', 'none']),
  oom_score_adj: whole(-1000),
  tty: flag,
  stdin_open: flag,
  labels: keyed(),
  label_file: envFiles,
  logging: fields({ driver: text, options: mapOf(anyText) }, { of: 'logging' }),
  mem_limit: bytes,
  mem_reservation: bytes,
  cpus: number(0),
  pids_limit: whole(-1),
  scale: whole(0),
  deploy,
  secrets: listOf(grant('/run/secrets/')),
  configs: listOf(grant('/')),
  pre_start: listOf(hook('pre_start')),
  post_start: listOf(hook('other')),
  pre_stop: listOf(hook('other')),
  profiles: listOf(text),
  container_name: text,
  ...hostConfigFields,
};

const windows: Refusal = { reason: 'it is for Windows containers', help: 'take it out' };

/** A service as it is written, each key in its own shape. */
export const serviceForm = fields(serviceFields, {
  of: 'a service',
  ignored: {
    develop: 'it is for `docker compose watch`',
    attach: 'it is for the console of `docker compose up`',
  },
  silent: ['extends'],
  refused: {
    external_links: {
      reason: "containers outside the project are not Slipway's to link",
      help: 'put both in an external network, and reach the other by its name',
    },
    volumes_from: {
      reason: 'containers are replaced one by one, so none can lend its volumes',
      help: 'name the volume under "volumes" of both services',
    },
    mac_address: fixedAddress,
    provider: {
      reason: 'Slipway runs containers, not plugins of Docker Compose',
      help: 'run it as a container, or give its address as a variable',
    },
    models: {
      reason: 'Slipway runs no models of Docker',
      help: 'run the model as a service, and give its address as a variable',
    },
    use_api_socket: {
      reason: "it hands the engine's socket and the credentials of a person to the container",
      help: 'mount /var/run/docker.sock yourself if that is really meant',
    },
    credential_spec: windows,
    isolation: windows,
    cpu_count: { reason: 'it is for Windows containers', help: 'write "cpus" instead' },
    cpu_percent: { reason: 'it is for Windows containers', help: 'write "cpus" instead' },
    pull_refresh_after: {
      reason: 'Slipway pulls an image once, when a release is made',
      help: 'take it out',
    },
  },
});

/** What `serviceForm` reads. */
export type ServiceRead = ReadFields<typeof serviceFields>;
