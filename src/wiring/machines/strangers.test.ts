import { expect, test } from 'vitest';
import type { Docker } from '../docker.ts';
import { strangersAt } from './strangers.ts';

interface Container {
  name: string;
  state?: string;
  labels?: Record<string, string>;
  mounts: { Type: string; Name?: string; Source?: string; RW?: boolean }[];
  restart?: string;
}

/** An engine with containers, and with volumes that stand for folders. */
function engineWith(containers: Container[], devices: Record<string, string> = {}): Docker {
  const engine = {
    containers: {
      list: () =>
        Promise.resolve(
          containers.map(({ name, state = 'running', labels = {}, mounts }) => ({
            Id: name,
            Names: [`/${name}`],
            State: state,
            Labels: labels,
            Mounts: mounts.map((mount) => ({ RW: true, ...mount })),
          })),
        ),
      inspect: (id: string) => {
        const Name = containers.find(({ name }) => name === id)?.restart ?? 'no';
        return Promise.resolve({ HostConfig: { RestartPolicy: { Name } } });
      },
    },
    volumes: {
      inspect: (name: string) =>
        Promise.resolve(name in devices ? { Options: { device: devices[name] } } : { Options: null }),
    },
  };
  return { engine, homeId: 'ours' } as unknown as Docker;
}

const volume = { Type: 'volume', Name: 'shop_data', Source: '/var/lib/docker/volumes/shop_data/_data' };
const asked = ['volume shop_data', '/srv/db'];
const namesAt = async (docker: Docker, guest: string | null = null) =>
  (await strangersAt(asked, guest, docker)).map(({ name }) => name);

test('a database of docker compose is found by its volume, and by its folder', async () => {
  const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' };
  const docker = engineWith([
    { name: 'shop-db-1', labels, mounts: [volume] },
    { name: 'hand', mounts: [{ Type: 'bind', Source: '/srv/db' }] },
    { name: 'parent', mounts: [{ Type: 'bind', Source: '/srv' }] },
  ]);
  expect(await strangersAt(asked, null, docker)).toEqual([
    { name: 'shop-db-1', places: ['volume shop_data'], runs: true, by: { compose: 'shop', service: 'db' } },
    { name: 'hand', places: ['/srv/db'], runs: true, by: null },
    { name: 'parent', places: ['/srv'], runs: true, by: null },
  ]);
});

test('a volume that stands for a folder is that folder', async () => {
  const docker = engineWith([{ name: 'hand', mounts: [{ ...volume, Name: 'other' }] }], {
    other: '/srv/db/',
  });
  expect(await strangersAt(asked, null, docker)).toMatchObject([{ places: ['/srv/db'] }]);
});

test.each<[string, Omit<Container, 'name'>]>([
  ['what only reads', { mounts: [{ ...volume, RW: false }] }],
  ['what has ended', { mounts: [volume], state: 'exited', restart: 'unless-stopped' }],
  ['another volume', { mounts: [{ ...volume, Name: 'shop_data2' }] }],
  ['memory', { mounts: [{ Type: 'tmpfs', Source: '' }] }],
  [
    'a container of this server',
    { mounts: [volume], labels: { 'slipway.home': 'ours', 'slipway.scope': 'shop/test' } },
  ],
])('%s does not count', async (_, container) => {
  expect(await namesAt(engineWith([{ name: 'one', ...container }]))).toEqual([]);
});

test('what has ended and comes back with the machine is told apart', async () => {
  const docker = engineWith([{ name: 'old', mounts: [volume], state: 'exited', restart: 'always' }]);
  expect(await strangersAt(asked, null, docker)).toMatchObject([{ name: 'old', runs: false }]);
});

test('each server on a machine finds those of the others: another home, and guests', async () => {
  const of = (home: string, scope: string) => ({ 'slipway.home': home, 'slipway.scope': scope });
  const docker = engineWith([
    { name: 'own', labels: of('ours', 'shop/production'), mounts: [volume] },
    { name: 'guest', labels: of('ours', 'shop.3f2a9c1d/production'), mounts: [volume] },
    { name: 'theirs', labels: of('theirs', 'shop/production'), mounts: [volume] },
  ]);
  expect(await namesAt(docker)).toEqual(['guest', 'theirs']);
  expect(await namesAt(docker, '3f2a9c1d00000000')).toEqual(['own', 'theirs']);
  expect(await namesAt(docker, '5555555500000000')).toEqual(['own', 'guest', 'theirs']);
});
