import { everyHost } from '../embedded/routes.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import type { DynamicConfiguration, TraefikMiddleware, TraefikRouter } from './dynamic-shape.ts';
import type { PageName } from './pages-server.ts';
import { generationHeader, shared, tlsOf, type DynamicParts } from './parts.ts';
import { hostsRule, tiers } from './rules.ts';
import { scopePart } from './scope-part.ts';
import { entryPoints } from './static-configuration.ts';

/**
 * Everything that depends on routes.
 *
 * @param scopes - Null when the routes were lost: whoever asks is told so.
 */
export function renderDynamic(
  scopes: readonly StoredScope[] | null,
  parts: DynamicParts,
): DynamicConfiguration {
  const { settings, certificates, pagesPort } = parts;
  const taken = new Set((scopes ?? []).flatMap(({ routes }) => everyHost(routes)));
  const pieces = (scopes ?? []).map(({ routes }) => scopePart(routes, { ...parts, taken }));
  return {
    http: {
      routers: Object.assign(
        markRouters(parts),
        challengeRouter(parts),
        nobodysRouters(parts),
        ...pieces.map(({ routers }) => routers),
      ) as Record<string, TraefikRouter>,
      middlewares: Object.assign(
        sharedMiddlewares(parts, scopes === null),
        ...pieces.map(({ middlewares }) => middlewares),
      ) as Record<string, TraefikMiddleware>,
      services: Object.assign(
        {
          [shared.nothing]: { loadBalancer: { servers: [] } },
          [shared.pages]: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${pagesPort}` }] } },
        },
        ...pieces.map(({ services }) => services),
      ) as DynamicConfiguration['http']['services'],
      serversTransports: {
        [shared.transport]: {
          forwardingTimeouts: {
            dialTimeout: '3s',
            responseHeaderTimeout: `${settings.responseTimeoutMs}ms`,
            // Before an app closes what is idle (Node: 5 s).
            idleConnTimeout: '3s',
          },
        },
      },
    },
    ...(settings.tls ? { tls: tlsPart(certificates, parts) } : {}),
  };
}

/** Headers that tell an app nothing that a client may be believed. */
const cleared = ['Forwarded', 'X-Forwarded-Port', 'X-Forwarded-Server', 'X-Real-Ip', 'TE', 'HTTP2-Settings'];

function sharedMiddlewares({ settings, generation }: DynamicParts, damaged: boolean) {
  const middlewares: Record<string, TraefikMiddleware> = {
    'slipway-mark': { headers: { customResponseHeaders: { [generationHeader]: generation } } },
    [shared.clean]: {
      headers: { customRequestHeaders: Object.fromEntries(cleared.map((name) => [name, ''])) },
    },
    [shared.page('maintenance')]: page('maintenance'),
    [shared.page('notServing')]: page('notServing'),
    [shared.page('pinnedAway')]: page('pinnedAway'),
    [shared.page('unknownHost')]: damaged ? page('stateDamaged') : page('unknownHost', 404),
  };
  if (settings.tls) {
    const port = String(settings.tls.listen.port);
    middlewares[shared.secure] = { headers: { stsSeconds: 31_536_000 } };
    middlewares[shared.redirect] = { redirectScheme: { scheme: 'https', port, permanent: true } };
  }
  return middlewares;
}

/** Traefik's own 503 for what has no server becomes a page of the agent's, with its head. */
function page(name: PageName, status = 503): TraefikMiddleware {
  return {
    errors: {
      status: ['503'],
      ...(status === 503 ? {} : { statusRewrites: { '503': status } }),
      service: shared.pages,
      query: `/${name}`,
    },
  };
}

function markRouters(parts: DynamicParts): Record<string, TraefikRouter> {
  const { settings, markHost } = parts;
  const router = {
    rule: `Host(\`${markHost}\`)`,
    priority: tiers.mark,
    middlewares: ['slipway-mark'],
    service: shared.nothing,
  };
  return {
    'slipway-mark': { entryPoints: [entryPoints.plain], ...router },
    ...(settings.tls
      ? { 'slipway-mark-tls': { entryPoints: [entryPoints.secure], ...router, tls: tlsOf(parts) } }
      : {}),
  };
}

/** An authority's questions for certificates of ours; the agent answers. Without our account they are the apps'. */
function challengeRouter({ settings }: DynamicParts): Record<string, TraefikRouter> {
  if (settings.acmeThumbprint === null) return {};
  return {
    'slipway-challenge': {
      entryPoints: [entryPoints.plain],
      rule: 'PathRegexp(`^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$`)',
      priority: tiers.challenge,
      service: shared.pages,
    },
  };
}

/** Who asks for a host that nobody named. In the user's own Traefik that is the user's affair. */
function nobodysRouters({ settings, isWhole }: DynamicParts): Record<string, TraefikRouter> {
  if (!isWhole) return {};
  const router = {
    rule: hostsRule(['*']),
    priority: tiers.nobody,
    middlewares: [shared.page('unknownHost')],
    service: shared.nothing,
  };
  return {
    'slipway-nobody': { entryPoints: [entryPoints.plain], ...router },
    ...(settings.tls
      ? { 'slipway-nobody-tls': { entryPoints: [entryPoints.secure], ...router, tls: {} } }
      : {}),
  };
}

function tlsPart(
  certificates: DynamicParts['certificates'],
  parts: DynamicParts,
): DynamicConfiguration['tls'] {
  return {
    certificates: certificates.map(({ copy }) => ({ certFile: copy.certFile, keyFile: copy.keyFile })),
    options: {
      [tlsOf(parts).options ?? 'default']: {
        minVersion: 'VersionTLS13',
        sniStrict: true,
        alpnProtocols: ['http/1.1'],
      },
    },
  };
}
