import { expect, test } from 'vitest';
import { parseApp } from '../app/index.ts';
import { abilities } from '../traffic/index.ts';
import { routerFindings, unfitRoutes } from './router-fit.ts';

function appWith(environment: string) {
  const parsed = parseApp({
    procfile: { file: 'Procfile', text: 'web: ./serve\n' },
    slipwayYml: { file: 'slipway.yml', text: `environments:\n  production: ${environment}\n` },
    fallbackName: 'shop',
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  return parsed.value;
}

const canary =
  '{ rate-limit: { per-minute: 60, burst: 5 }, strategy: { canary: { steps: [10%, 100%], testers: { header: "X_Canary: yes", cookie: t=1 }, judge: { error-rate: "< 1%" } } } }';

test('a header that nginx cannot tell is refused before anything moves, and other routers are named', () => {
  expect(routerFindings(appWith(canary), 'haproxy')).toEqual([]);
  expect(routerFindings(appWith(canary), 'nginx')).toEqual([
    {
      code: 'wiring/router-cannot',
      severity: 'error',
      message:
        'the nginx router cannot do what production asks for: testers are known by the header "x_canary", whose "_" it cannot tell from "-"',
      notes: ['routers that can: embedded, haproxy, traefik'],
      help: 'name it "x-canary", or take a router that can: slipway up --router embedded',
    },
  ]);
});

test('everything that a router may lack is asked for by some environment', () => {
  const nothing = {
    weights: false,
    sessions: false,
    pins: [],
    underscores: false,
    counts: false,
    lots: false,
    failures: false,
    rateLimit: false,
  };
  const able = { embedded: nothing, haproxy: nothing, nginx: nothing, caddy: nothing, traefik: nothing };
  const texts = (environment: string) =>
    routerFindings(appWith(environment), 'embedded', able).map(({ message, help }) => `${message} = ${help}`);
  expect(texts(canary).map((text) => text.replace(/^.*asks for: /, ''))).toEqual([
    'the steps of its canary need shares of traffic = take "strategy: blue-green"',
    'its canary keeps sessions at their revision = write "sticky: false"',
    'testers are known by the header "x_canary", whose "_" it cannot tell from "-" = name it "x-canary"',
    'testers are known by a cookie = leave that cookie out of "testers"',
    'its judge needs requests counted by revision = write "judge: off" and let people approve the steps',
    'its "rate-limit" needs a router that counts the requests of each client = leave "rate-limit" out',
  ]);
  expect(texts('{ strategy: { blue-green: { preview: true } } }')).toEqual([
    'the embedded router cannot do what production asks for: its preview has a host of its own = write "preview: false"',
  ]);
  expect(texts('{ strategy: rolling }')).toEqual([]);
  expect(texts('{ strategy: rolling, judge: fast }')).toEqual([
    expect.stringContaining('its judge needs requests counted by revision'),
  ]);
  expect(texts('{ strategy: { canary: { judge: off, sticky: false, steps: [100%] } } }')).toEqual([]);
});

test('routes in force that a router could not follow are told, by scope', () => {
  const routes = {
    scope: 'shop/production',
    hosts: ['*'],
    revisions: [],
    pins: [{ revision: 'r1', by: { kind: 'header' as const, name: 'X_Canary', value: 'yes' } }],
    sticky: true,
    maintenance: false,
    rateLimit: { perMinute: 60, burst: 5 },
  };
  expect(unfitRoutes(routes, abilities.embedded)).toEqual([]);
  expect(unfitRoutes(routes, abilities.nginx)).toEqual([
    'shop/production: testers are known by the header "X_Canary", whose "_" it cannot tell from "-"',
  ]);
});
