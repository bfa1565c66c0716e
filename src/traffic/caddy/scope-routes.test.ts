import { expect, test } from 'vitest';
import type { RouteRevision, Routes } from '../../delivery/index.ts';
import { tableRoutes } from './scope-routes.ts';

const revision = (id: string, weightPercent: number): RouteRevision => ({ id, weightPercent, endpoints: [] });

/** What the routes of a scope log, by the revision that they choose. */
function loggedBy(revisions: RouteRevision[], pins: Routes['pins'] = []) {
  const routes: Routes = {
    scope: 'shop/production',
    hosts: ['*'],
    revisions,
    pins,
    sticky: true,
    maintenance: false,
    rateLimit: null,
  };
  const table = tableRoutes([{ key: 'k', routes, token: (id) => `token-of-${id}` }], {
    maxBodyBytes: 0,
    responseTimeoutMs: 1_000,
  });
  const inner = table[0]?.handle[0]?.['routes'] as { group?: string; handle: Record<string, unknown>[] }[];
  return inner
    .filter(({ group }) => group === 'slipway')
    .map(({ handle: [vars, log] }) => [vars?.['slipway_to'], log?.['value'] ?? null]);
}

test('only a request that draws logs the lot: none that is pinned or has a home', () => {
  const pin = { revision: 'r3', by: { kind: 'cookie', name: 'tester', value: 'yes' } } as const;
  expect(loggedBy([revision('r1', 90), revision('r2', 10), revision('r3', 0)], [pin])).toEqual([
    ['r3', null],
    ['r1', null],
    ['r2', null],
    ['r1', 'r1=90,r2=10'],
    ['r2', 'r1=90,r2=10'],
  ]);
});

test('with one place to go nothing is drawn', () => {
  expect(loggedBy([revision('r1', 100), revision('r2', 0)])).toEqual([
    ['r1', null],
    ['r1', null],
  ]);
});
