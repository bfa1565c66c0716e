import { expect, test } from 'vitest';
import type { Routes } from '../../delivery/index.ts';
import { completed, parseRoutes } from './routes.ts';

const endpoint = { instance: 'r1-web-1', host: '127.0.0.1', port: 3000 };
const valid: Routes = {
  scope: 'shop/production',
  hosts: ['shop.example.com', '[::1]'],
  revisions: [{ id: 'r1', weightPercent: 100, endpoints: [endpoint] }],
  pins: [
    { revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'always' } },
    { revision: 'r2', by: { kind: 'cookie', name: 'canary', value: 'always' } },
    { revision: 'r2', by: { kind: 'host', host: 'next.shop.example.com' } },
  ],
  sticky: false,
  maintenance: false,
  rateLimit: { perMinute: 100, burst: 20 },
};

function notesOf(routes: unknown, fence: unknown = 1): string[] {
  try {
    parseRoutes({ routes, fence }, [
      {
        ...valid,
        scope: 'other',
        hosts: ['taken.example.com'],
        pins: [{ revision: 'r1', by: { kind: 'host', host: 'next.taken.example.com' } }],
      },
    ]);
    return [];
  } catch (error) {
    expect(error).toMatchObject({ code: 'traffic/invalid-routes' });
    return (error as { notes: string[] }).notes;
  }
}

test('what is valid is taken as it is', () => {
  expect(parseRoutes({ routes: valid, fence: 1 }, [valid])).toEqual({ routes: valid, fence: 1 });
  expect(notesOf({ ...valid, revisions: [] })).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['a host in capitals', { hosts: ['Shop.example.com'] }, 'routes.hosts.0: '],
  ['a host with a port', { hosts: ['shop:80'] }, 'routes.hosts.0: '],
  [
    'a host of another scope',
    { hosts: ['taken.example.com'] },
    'host "taken.example.com" already belongs to scope "other"',
  ],
  [
    'a preview host of another scope, as a host',
    { hosts: ['next.taken.example.com'] },
    'host "next.taken.example.com" already belongs to scope "other"',
  ],
  [
    'a host of another scope, as a preview host',
    { pins: [{ revision: 'r2', by: { kind: 'host', host: 'taken.example.com' } }] },
    'host "taken.example.com" already belongs to scope "other"',
  ],
  [
    'a preview host among the own hosts',
    { pins: [{ revision: 'r2', by: { kind: 'host', host: 'shop.example.com' } }] },
    'host "shop.example.com" is named twice',
  ],
  [
    'a preview of every host',
    { pins: [{ revision: 'r2', by: { kind: 'host', host: '*' } }] },
    'routes.pins.0.by.host: a preview host is one name',
  ],
  [
    'one header for two revisions',
    {
      pins: ['r1', 'r2'].map((revision) => ({ revision, by: { kind: 'header', name: 'a', value: 'b' } })),
    },
    'header "a: b" is pinned twice',
  ],
  [
    'a pin by a header that frames the message',
    { pins: [{ revision: 'r2', by: { kind: 'header', name: 'Host', value: 'a' } }] },
    'routes.pins.0.by.name: a header that no pin can look at',
  ],
  [
    "a pin by the router's own cookie",
    { pins: [{ revision: 'r2', by: { kind: 'cookie', name: 'slipway_session', value: 'a' } }] },
    "routes.pins.0.by.name: the router's own cookie",
  ],
  [
    'a pin value that a configuration would read otherwise',
    { pins: [{ revision: 'r2', by: { kind: 'header', name: 'a', value: 'b"; evil' } }] },
    'routes.pins.0.by.value: ',
  ],
  [
    'a weight that is no whole number',
    { revisions: [{ id: 'r1', weightPercent: 99.5, endpoints: [endpoint] }] },
    'routes.revisions.0.weightPercent: ',
  ],
  [
    'weights that sum to 99',
    { revisions: [{ id: 'r1', weightPercent: 99, endpoints: [endpoint] }] },
    'the weights sum to 99; ',
  ],
  [
    'weight without an endpoint',
    { revisions: [{ id: 'r1', weightPercent: 100, endpoints: [] }] },
    'revision "r1" has weight 100 but no endpoint',
  ],
  [
    'an id that no cookie can carry',
    { revisions: [{ id: 'r.1', weightPercent: 0, endpoints: [] }] },
    'routes.revisions.0.id: ',
  ],
  [
    'port 0',
    { revisions: [{ id: 'r1', weightPercent: 100, endpoints: [{ ...endpoint, port: 0 }] }] },
    'routes.revisions.0.endpoints.0.port: ',
  ],
  ['a key that nobody knows', { color: 'red' }, 'routes: '],
])('%s is refused', (_name, change, note) => {
  expect(notesOf({ ...valid, ...(change as object) }).filter((one) => one.startsWith(note))).toHaveLength(1);
});

test('a fence is a whole number', () => {
  expect(notesOf(valid, 'x')[0]).toMatch(/^fence: /);
});

test('routes that an older version kept get an empty list of pins', () => {
  const { pins: _pins, ...older } = valid;
  expect(completed({ routes: older as Routes, fence: 3 })).toEqual({
    routes: { ...valid, pins: [] },
    fence: 3,
  });
});
