import type { Certificate } from '../certificate-folder.ts';
import { strictTransport } from '../embedded/secure.ts';
import { errorRoutes } from './pages.ts';
import type { CaddyPaths } from './paths.ts';
import { endingConnections, handedOver, handOverMs, toNewest } from './newest.ts';
import type { CaddyRoute, Json } from './routes.ts';

/** What the front is told. */
export interface FrontParts {
  paths: CaddyPaths;
  /** Each configuration has a number of its own. */
  generation: number;
  /** Null speaks plain HTTP only. */
  certificates: readonly Certificate[] | null;
  trustedProxies: readonly string[];
  drainTimeoutMs: number;
}

/**
 * Listening sockets are handed over at the start, each under two numbers. A configuration uses one of them and its
 * successor the other: Caddy gives a configuration time to hand over only what the next one does not listen on, while
 * connections that wait to be accepted belong to the socket behind both.
 */
export const firstDescriptor = 3;

/**
 * What users reach: connections, TLS, and nothing that routes say. It is not reloaded when routes change, for Caddy
 * closes connections whose first request it has not read when a configuration ends (Go's `Server.Shutdown`).
 */
export function renderFront({
  paths,
  generation,
  certificates,
  trustedProxies,
  drainTimeoutMs,
}: FrontParts): Json {
  const server = (socket: number, routes: CaddyRoute[], more: Json = {}): Json => ({
    listen: [`fd/${firstDescriptor + socket * 2 + (generation % 2)}`],
    routes: [...routes, endingConnections, { handle: [toNewest(paths, { delete: [handedOver] })] }],
    errors: { routes: errorRoutes() },
    automatic_https: { disable: true },
    protocols: ['h1'],
    read_header_timeout: '10s',
    idle_timeout: '60s',
    // Go adds 4 KiB to it.
    max_header_bytes: 28 * 1024,
    trusted_proxies_strict: 1,
    ...(trustedProxies.length > 0 ? { trusted_proxies: { source: 'static', ranges: trustedProxies } } : {}),
    ...more,
  });
  return {
    admin: { listen: `unix/${paths.front.admin}|0600`, config: { persist: false } },
    logging: {
      logs: {
        default: { level: 'WARN', exclude: ['admin', 'http.handlers.reverse_proxy', 'http.log.error'] },
      },
    },
    storage: { module: 'file_system', root: paths.storage },
    apps: {
      http: {
        grace_period: `${drainTimeoutMs}ms`,
        shutdown_delay: `${handOverMs}ms`,
        servers: {
          plain: server(0, []),
          ...(certificates && {
            tls: server(1, [secured], {
              protocols: ['h1', 'h2'],
              tls_connection_policies: [{ protocol_min: 'tls1.3' }],
            }),
          }),
        },
      },
      ...(certificates && {
        tls: {
          certificates: {
            load_pem: certificates.map(({ chain, key }) => ({ certificate: chain, key })),
          },
        },
      }),
    },
  };
}

/** Said over TLS, also by the router's own pages. */
const secured: CaddyRoute = {
  handle: [
    {
      handler: 'headers',
      response: { deferred: true, set: { 'Strict-Transport-Security': [strictTransport] } },
    },
  ],
};
