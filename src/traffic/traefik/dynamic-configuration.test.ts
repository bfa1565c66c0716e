import { expect, test } from 'vitest';
import type { Routes } from '../../delivery/index.ts';
import type { Certificate } from '../certificate-folder.ts';
import { problemsOf, requireShape } from './check.ts';
import { renderDynamic } from './dynamic-configuration.ts';
import { scopeName, serviceName } from './names.ts';
import { copyOf } from './parts.ts';

const sessionKey = Buffer.alloc(32, 1);
const one = (id: string, port: number) => ({ instance: `${id}-web-1`, host: '127.0.0.1', port });
const routes: Routes = {
  scope: 'shop/production',
  hosts: ['shop.example.com'],
  revisions: [
    {
      id: 'r1',
      weightPercent: 90,
      endpoints: [one('r1', 3001), { ...one('r1', 3002), instance: 'r1-web-2' }],
    },
    { id: 'r2', weightPercent: 10, endpoints: [{ instance: 'r2-web-1', host: '::1', port: 3003 }] },
    { id: 'r3', weightPercent: 0, endpoints: [] },
  ],
  pins: [],
  sticky: false,
  maintenance: false,
  rateLimit: null,
};
const name = scopeName(routes.scope);
const service = (id: string) => serviceName(sessionKey, routes.scope, id);

interface Change extends Partial<Routes> {
  certificates?: readonly Certificate[];
  acmeThumbprint?: string;
  trustedProxies?: string[];
}

function rendered(
  { certificates, acmeThumbprint, trustedProxies = [], ...change }: Change = {},
  isWhole = true,
) {
  const configuration = renderDynamic([{ routes: { ...routes, ...change }, fence: 1 }], {
    settings: {
      tls: certificates ? { listen: { host: '0.0.0.0', port: 443 }, certificates: '/certificates' } : null,
      responseTimeoutMs: 60_000,
      acmeThumbprint: acmeThumbprint ?? null,
      trustedProxies,
    },
    isWhole,
    certificates: (certificates ?? []).map((each) => ({ ...each, copy: copyOf('/copies', 'a') })),
    sessionKey,
    pagesPort: 4000,
    generation: 'g1',
    markHost: 'mark.invalid',
  });
  // Whatever is asked for has the shape that Traefik reads.
  requireShape(configuration);
  return configuration;
}

function routerFor(configuration: ReturnType<typeof rendered>, rule: string) {
  return Object.values(configuration.http.routers).find((router) => router.rule === rule);
}

test('weights are shares of services, sessions keep theirs, and a revision without a copy has no service', () => {
  const { services } = rendered().http;
  expect(services[name]).toEqual({
    weighted: {
      services: [
        { name: service('r1'), weight: 90 },
        { name: service('r2'), weight: 10 },
      ],
      sticky: { cookie: { name: 'slipway_session', httpOnly: true, sameSite: 'lax' } },
    },
  });
  expect(services[service('r2')]).toMatchObject({
    loadBalancer: { servers: [{ url: 'http://[::1]:3003' }] },
  });
  expect(services[service('r3')]).toBeUndefined();
});

test("what a copy never saw goes to another one of the same revision, and never to another's", () => {
  const { services, middlewares } = rendered().http;
  expect(services[service('r1')]).toMatchObject({ middlewares: [`${name}-again-2`] });
  expect(middlewares[`${name}-again-2`]).toEqual({ retry: { attempts: 2 } });
  expect(services[service('r2')]).not.toHaveProperty('middlewares');
});

test('one place to go sets no cookie, unless somebody asked for it', () => {
  const only = [{ id: 'r1', weightPercent: 100, endpoints: [one('r1', 3001)] }];
  expect(rendered({ revisions: only }).http.services[name]).toBeUndefined();
  expect(rendered({ revisions: only, sticky: true }).http.services[name]).toBeDefined();
});

test('pins decide in their order, before weights, and a pin to nothing is a page', () => {
  const configuration = rendered({
    pins: [
      { revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'a.b' } },
      { revision: 'r2', by: { kind: 'cookie', name: 'tester', value: 'a.b' } },
      { revision: 'r3', by: { kind: 'host', host: 'next.example.com' } },
    ],
  });
  const host = 'Host(`shop.example.com`)';
  const header = routerFor(configuration, `(${host}) && (Header(\`X-Canary\`, \`a.b\`))`);
  const cookie = routerFor(
    configuration,
    `(${host}) && (HeaderRegexp(\`Cookie\`, \`(?:^|;\\s*)tester=a\\.b\\s*(?:;|$)\`))`,
  );
  const drawn = routerFor(configuration, host);
  expect([header?.service, cookie?.service, drawn?.service]).toEqual([service('r2'), service('r2'), name]);
  const priorities = [header, cookie, drawn].map((router) => router?.priority ?? 0);
  expect(priorities).toEqual([...priorities].sort((a, b) => b - a));
  expect(routerFor(configuration, 'Host(`next.example.com`)')).toMatchObject({
    service: 'slipway-nothing',
    middlewares: ['slipway-page-pinnedAway'],
  });
});

test('a limit counts clients by address, or by what trusted proxies say', () => {
  const rateLimit = { perMinute: 60, burst: 5 };
  const { middlewares, routers } = rendered({ rateLimit }).http;
  expect(middlewares[`${name}-limit`]).toEqual({ rateLimit: { average: 60, period: '1m', burst: 6 } });
  expect(Object.values(routers).some((router) => router.middlewares?.includes(`${name}-limit`))).toBe(true);
  expect(
    rendered({ rateLimit, trustedProxies: ['10.0.0.0/8'] }).http.middlewares[`${name}-limit`],
  ).toMatchObject({ rateLimit: { sourceCriterion: { ipStrategy: { excludedIPs: ['10.0.0.0/8'] } } } });
});

test('a host with a certificate speaks TLS 1.3 only, and clear text is sent there except for challenges', () => {
  const certificate = { names: ['shop.example.com'], chain: 'c', key: 'k' } as Certificate;
  const configuration = rendered({ certificates: [certificate], acmeThumbprint: 'x' });
  expect(configuration.tls).toEqual({
    certificates: [{ certFile: '/copies/a.crt', keyFile: '/copies/a.key' }],
    options: { default: { minVersion: 'VersionTLS13', sniStrict: true, alpnProtocols: ['http/1.1'] } },
  });
  const shop = Object.values(configuration.http.routers).filter(
    ({ rule }) => rule === 'Host(`shop.example.com`)',
  );
  expect(shop.map(({ entryPoints, middlewares }) => [entryPoints[0], middlewares?.[0]])).toEqual([
    ['slipway', 'slipway-to-tls'],
    ['slipway-tls', 'slipway-hsts'],
  ]);
  expect(configuration.http.routers['slipway-challenge']).toMatchObject({ service: 'slipway-pages' });
});

test("beside the user's own routers every host comes last, and nobody else's is answered for", () => {
  const certificate = { names: ['shop.example.com'], chain: 'c', key: 'k' } as Certificate;
  const part = rendered({ hosts: ['*', 'shop.example.com'], certificates: [certificate] }, false);
  expect(Object.keys(part.tls?.options ?? {})).toEqual(['slipway']);
  expect(Object.keys(part.http.routers)).not.toContain('slipway-nobody');
  expect(routerFor(part, 'PathPrefix(`/`)')?.priority).toBe(2);
  const secure = Object.values(part.http.routers).filter(({ tls }) => tls !== undefined);
  expect(secure.map(({ tls }) => tls)).toEqual(secure.map(() => ({ options: 'slipway' })));
});

test('maintenance is a page for every way in', () => {
  const pins: Routes['pins'] = [{ revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'yes' } }];
  const { routers } = rendered({ maintenance: true, pins }).http;
  const own = Object.entries(routers).filter(([id]) => id.startsWith(name));
  expect(own.map(([, { middlewares }]) => middlewares)).toEqual([
    ['slipway-page-maintenance'],
    ['slipway-page-maintenance'],
  ]);
});

test('what Traefik cannot be told is named', () => {
  const wrong = [{ ...one('r1', 3001), host: 'evil`' }];
  const scope = {
    routes: { ...routes, hosts: ['[::1]'], revisions: [{ id: 'r1', weightPercent: 100, endpoints: wrong }] },
    fence: 1,
  };
  expect(problemsOf([scope])).toEqual([
    'Traefik cannot tell the host [::1] from others',
    'the address of "r1-web-1" is not an IP address: evil`',
  ]);
});
