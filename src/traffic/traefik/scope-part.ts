import { isIPv6 } from 'node:net';
import type { RouteRevision, Routes } from '../../delivery/index.ts';
import { sessionCookieName } from '../embedded/session-cookie.ts';
import { doorsFor, type Door } from './doors.ts';
import type { TraefikMiddleware, TraefikRouter, TraefikService } from './dynamic-shape.ts';
import { scopeName, serviceName } from './names.ts';
import type { PageName } from './pages-server.ts';
import { shared, tlsOf, type DynamicParts } from './parts.ts';
import { both, hostsRule, pinRule, tiers } from './rules.ts';
import { entryPoints } from './static-configuration.ts';

interface ScopePart {
  routers: Record<string, TraefikRouter>;
  middlewares: Record<string, TraefikMiddleware>;
  services: Record<string, TraefikService>;
}

interface ScopeParts extends DynamicParts {
  taken: ReadonlySet<string>;
}

/** What answers: a service of revisions, or a page of the router's own. */
type Behind = { service: string } | { page: PageName };

/** What is asked for within a door, and what answers; the earlier one decides. */
interface Choice {
  rule: string | null;
  behind: Behind;
}

/** The routers, middlewares and services of one scope. */
export function scopePart(routes: Routes, parts: ScopeParts): ScopePart {
  const name = scopeName(routes.scope);
  const previews = routes.pins.flatMap(({ by, revision }) =>
    by.kind === 'host'
      ? [{ hosts: [by.host], choices: [{ rule: null, behind: pinned(routes, revision, parts) }] }]
      : [],
  );
  const views = [{ hosts: routes.hosts, choices: choicesOf(routes, parts) }, ...previews];
  const routers = views.flatMap(({ hosts, choices }, view) =>
    doorsFor(hosts, parts.certificates, parts.taken).flatMap((door) =>
      doorRouters(door, choices, { routes, parts }).map((router, index): [string, TraefikRouter] => [
        `${name}-${view}-${door.kind}-${index}`,
        router,
      ]),
    ),
  );
  return {
    routers: Object.fromEntries(routers),
    middlewares: scopeMiddlewares(routes, parts),
    services: scopeServices(routes, parts),
  };
}

/** Whether sessions get a cookie: someone asked for it, or there is more than one place to go. */
function remembers(routes: Routes): boolean {
  return routes.sticky || weighted(routes).length > 1;
}

function weighted({ revisions }: Routes): RouteRevision[] {
  return revisions.filter(({ weightPercent }) => weightPercent > 0);
}

function pinned(routes: Routes, revision: string, { sessionKey }: ScopeParts): Behind {
  if (routes.maintenance) return { page: 'maintenance' };
  const present = routes.revisions.some(({ id, endpoints }) => id === revision && endpoints.length > 0);
  return present ? { service: serviceName(sessionKey, routes.scope, revision) } : { page: 'pinnedAway' };
}

function choicesOf(routes: Routes, parts: ScopeParts): Choice[] {
  const pins = routes.pins.flatMap(({ by, revision }) =>
    by.kind === 'host' ? [] : [{ rule: pinRule(by), behind: pinned(routes, revision, parts) }],
  );
  return [...pins, { rule: null, behind: drawn(routes, parts) }];
}

function drawn(routes: Routes, { sessionKey }: ScopeParts): Behind {
  if (routes.maintenance) return { page: 'maintenance' };
  const [only, ...others] = weighted(routes);
  if (!only) return { page: 'notServing' };
  if (others.length > 0 || remembers(routes)) return { service: scopeName(routes.scope) };
  return { service: serviceName(sessionKey, routes.scope, only.id) };
}

function doorRouters(
  door: Door,
  choices: readonly Choice[],
  { routes, parts }: { routes: Routes; parts: ScopeParts },
): TraefikRouter[] {
  const rule = hostsRule(door.hosts);
  const rest = parts.isWhole ? tiers.rest : tiers.nobody;
  const tier = door.hosts.includes('*') ? rest : tiers.host;
  const secure = door.kind === 'secure';
  const base = {
    entryPoints: [secure ? entryPoints.secure : entryPoints.plain],
    ...(secure ? { tls: tlsOf(parts) } : {}),
  };
  if (door.kind === 'redirect') {
    const to = { ...base, rule, priority: tier, middlewares: [shared.redirect], service: shared.nothing };
    return [to, ...challengesOfApps({ rule, tier, behind: choices.at(-1)?.behind })];
  }
  return choices.map(({ rule: asked, behind }, index) => ({
    ...base,
    rule: asked === null ? rule : both(rule, asked),
    priority: tier + choices.length - index,
    middlewares: [...(secure ? [shared.secure] : []), ...middlewaresFor(behind, routes)],
    service: 'page' in behind ? shared.nothing : behind.service,
  }));
}

/** A challenge for a certificate that an app obtains for itself comes in clear text. */
function challengesOfApps(parts: {
  rule: string;
  tier: number;
  behind: Behind | undefined;
}): TraefikRouter[] {
  const { rule, tier, behind } = parts;
  if (!behind || 'page' in behind) return [];
  return [
    {
      entryPoints: [entryPoints.plain],
      rule: both(rule, 'PathPrefix(`/.well-known/acme-challenge/`)'),
      priority: tier + 1,
      middlewares: [shared.clean],
      service: behind.service,
    },
  ];
}

function middlewaresFor(behind: Behind, { scope, rateLimit }: Routes): string[] {
  if ('page' in behind) return [shared.page(behind.page)];
  return [shared.clean, ...(rateLimit ? [`${scopeName(scope)}-limit`] : [])];
}

function scopeMiddlewares(routes: Routes, { settings }: ScopeParts): ScopePart['middlewares'] {
  const name = scopeName(routes.scope);
  const { rateLimit, revisions } = routes;
  const { trustedProxies } = settings;
  const copies = [...new Set(revisions.map(({ endpoints }) => endpoints.length))].filter(
    (count) => count > 1,
  );
  return {
    ...(rateLimit
      ? {
          [`${name}-limit`]: {
            rateLimit: {
              average: rateLimit.perMinute,
              period: '1m',
              burst: rateLimit.burst + 1,
              // Traefik takes nothing that is empty; by itself it tells clients by their address.
              ...(trustedProxies.length > 0
                ? { sourceCriterion: { ipStrategy: { excludedIPs: trustedProxies } } }
                : {}),
            },
          },
        }
      : {}),
    // What an app never saw goes to the next copy of the same revision.
    ...Object.fromEntries(copies.map((count) => [again(name, count), { retry: { attempts: count } }])),
  };
}

function again(name: string, copies: number): string {
  return `${name}-again-${copies}`;
}

function scopeServices(routes: Routes, { sessionKey }: ScopeParts): ScopePart['services'] {
  const name = scopeName(routes.scope);
  const of = (id: string) => serviceName(sessionKey, routes.scope, id);
  const services: ScopePart['services'] = {};
  for (const { id, endpoints } of routes.revisions) {
    if (endpoints.length === 0) continue;
    services[of(id)] = {
      ...(endpoints.length > 1 ? { middlewares: [again(name, endpoints.length)] } : {}),
      loadBalancer: {
        servers: endpoints.map(({ host, port }) => ({ url: `http://${urlHost(host)}:${port}` })),
        serversTransport: shared.transport,
      },
    };
  }
  const shares = weighted(routes);
  if (shares.length === 0 || !remembers(routes)) return services;
  services[name] = {
    weighted: {
      services: shares.map(({ id, weightPercent }) => ({ name: of(id), weight: weightPercent })),
      sticky: { cookie: { name: sessionCookieName, httpOnly: true, sameSite: 'lax' } },
    },
  };
  return services;
}

function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
