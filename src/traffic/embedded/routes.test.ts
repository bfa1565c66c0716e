import { expect, test } from 'vitest';
import type { Routes } from '../../delivery/index.ts';
import { parseRoutes } from './routes.ts';

const endpoint = { instance: 'r1-web-1', host: '127.0.0.1', port: 3000 };
const valid: Routes = {
  scope: 'shop/production',
  hosts: ['shop.example.com', '[::1]'],
  revisions: [{ id: 'r1', weightPercent: 100, endpoints: [endpoint] }],
  pins: [],
  sticky: false,
  maintenance: false,
  rateLimit: { perMinute: 100, burst: 20 },
};

function notesOf(routes: unknown, fence: unknown = 1): string[] {
  try {
    parseRoutes({ routes, fence }, [{ ...valid, scope: 'other', hosts: ['taken.example.com'] }]);
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
