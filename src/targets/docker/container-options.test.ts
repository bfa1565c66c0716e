import { expect, test } from 'vitest';
import type { PublishedPort } from '../../compose/index.ts';
import { serviceOf, somewhere } from './testing/services.ts';
import { containerOptions } from './container-options.ts';
import type { ContainerSpec } from './model.ts';
import { attachments } from './networks.ts';

const plain = {
  name: null,
  external: false,
  internal: false,
  ipv6: false,
  driver: null,
  driverOptions: {},
  subnets: [],
  labels: {},
};

function specOf(
  change: Parameters<typeof serviceOf>[1] = {},
  more: Partial<ContainerSpec> = {},
): ContainerSpec {
  return {
    scope: 'medianest/production',
    revision: 'r7',
    release: 'sha256:1',
    service: serviceOf('web', change),
    environment: {},
    image: 'sha256:2',
    networks: { default: plain },
    volumes: {},
    files: [],
    directory: '/release',
    bindsDirectory: '/binds',
    ...more,
  };
}

const made = (spec: ContainerSpec, publish: PublishedPort[] = []) =>
  containerOptions(spec, {
    homeId: 'h1',
    attached: attachments(spec),
    mounts: { Mounts: [], Binds: [], Tmpfs: {} },
    publish,
    staysUp: true,
    identity: { 'slipway.instance': 'r7-web-1' },
  });

test('a name means the copies of the same revision, and beside it the shared service', () => {
  expect(attachments(specOf())).toEqual([
    { network: 'slipway-medianest-production-r7', aliases: ['web'] },
    { network: 'slipway-medianest-production', aliases: [] },
  ]);
  expect(attachments(specOf({}, { revision: 'shared' }))).toEqual([
    { network: 'slipway-medianest-production', aliases: ['web'] },
  ]);
});

test('a network from outside stays one, and only aliases that the file names stand there', () => {
  const networks = { back: plain, proxy: { ...plain, external: true, name: 'traefik' } };
  const spec = specOf(
    { networks: { back: { aliases: ['api'] }, proxy: { aliases: ['front'] } } },
    { networks },
  );
  expect(attachments(spec)).toEqual([
    { network: 'slipway-medianest-production-r7_back', aliases: ['web', 'api'] },
    { network: 'slipway-medianest-production_back', aliases: [] },
    { network: 'traefik', aliases: ['front'] },
  ]);
});

test('a copy comes back after every end unless the file says how', () => {
  const policy = (restart: ContainerSpec['service']['restart']) =>
    made(specOf({ restart })).HostConfig?.RestartPolicy;
  expect(policy({ policy: 'no', maxRetries: null })).toEqual({
    Name: 'unless-stopped',
    MaximumRetryCount: 0,
  });
  expect(policy({ policy: 'always', maxRetries: null })).toEqual({ Name: 'always', MaximumRetryCount: 0 });
  expect(policy({ policy: 'on-failure', maxRetries: 3 })).toEqual({
    Name: 'on-failure',
    MaximumRetryCount: 3,
  });
});

test('a port without an address is for this machine alone, and any that the file gives is kept', () => {
  const port = (hostIp: string | null, published: number | null = 1883) =>
    ({ target: 1883, published, hostIp, protocol: 'tcp', at: somewhere }) as const;
  const publish = [port(null), port('0.0.0.0', 1884), port('::', 1885), port('192.0.2.7', null)];
  expect(made(specOf(), publish).HostConfig?.PortBindings).toEqual({
    '1883/tcp': [
      { HostIp: '127.0.0.1', HostPort: '1883' },
      { HostIp: '0.0.0.0', HostPort: '1884' },
      { HostIp: '::', HostPort: '1885' },
      { HostIp: '192.0.2.7', HostPort: '' },
    ],
  });
});

test('devices, namespaces and profiles are written as the engine takes them', () => {
  const { HostConfig } = made(
    specOf({
      devices: ['/dev/a', '/dev/a:/dev/b', '/dev/a:/dev/b:r', '/dev/a:rw'],
      networkMode: 'service:backend',
      networks: {},
      pid: 'host',
      ipc: 'service:backend',
      securityOpt: ['seccomp:unconfined', 'label=disable'],
    }),
  );
  expect(HostConfig?.Devices).toEqual([
    { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rwm' },
    { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rwm' },
    { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' },
    { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rw' },
  ]);
  expect(HostConfig).toMatchObject({
    NetworkMode: 'container:slipway-medianest-production-r7-backend-1',
    PidMode: 'host',
    IpcMode: 'container:slipway-medianest-production-r7-backend-1',
    SecurityOpt: ['seccomp=unconfined', 'label=disable'],
  });
});

test('a healthcheck keeps what the image says of all that the file leaves open', () => {
  const check = {
    disable: false,
    test: null,
    intervalMs: 1500,
    timeoutMs: null,
    startPeriodMs: null,
    startIntervalMs: null,
    retries: 4,
  } as const;
  expect(made(specOf({ healthcheck: check })).Healthcheck).toEqual({ Interval: 1_500_000_000, Retries: 4 });
  expect(made(specOf({ healthcheck: { disable: true } })).Healthcheck).toEqual({ Test: ['NONE'] });
  expect(made(specOf()).Healthcheck).toBeUndefined();
});

test('a user cannot take our labels', () => {
  const labels = (spec: ContainerSpec) => made(spec).Labels ?? {};
  expect(labels(specOf({ labels: { 'slipway.home': 'theirs', a: 'b' } }))).toMatchObject({
    'slipway.home': 'h1',
    a: 'b',
  });
});
