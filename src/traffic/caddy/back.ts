import { covers, type Certificate } from '../certificate-folder.ts';
import { pages } from '../embedded/pages.ts';
import { everyHost } from '../embedded/routes.ts';
import { endingConnections, handingOver, handOverMs } from './newest.ts';
import { errorRoutes, pageRoutes } from './pages.ts';
import { backSocket, type CaddyPaths } from './paths.ts';
import type { CaddyRoute, Json } from './routes.ts';
import { bare, tableRoutes, type AppLimits, type NamedScope } from './scope-routes.ts';

/** What the back is told. */
export interface BackParts {
  /** Null when the routes were lost: every request is answered 503. */
  scopes: readonly NamedScope[] | null;
  /** Each configuration has a number of its own. */
  generation: number;
  paths: CaddyPaths;
  /** Where users reach TLS, and for which certificates; null when there is none, or somebody else's. */
  tls: { port: number; certificates: readonly Certificate[] } | null;
  limits: AppLimits;
  acmeThumbprint: string | null;
  drainTimeoutMs: number;
}

const requestLogger = 'requests';

/** Where requests go: everything that routes say. Each change of routes is a new configuration with a socket of its own. */
export function renderBack(parts: BackParts): Json {
  const { scopes, generation, paths, drainTimeoutMs } = parts;
  const lost = scopes === null ? pages.stateDamaged : pages.unknownHost;
  return {
    admin: { listen: `unix/${paths.back.admin}|0600`, config: { persist: false } },
    logging: logging(paths),
    storage: { module: 'file_system', root: paths.storage },
    apps: {
      http: {
        grace_period: `${drainTimeoutMs}ms`,
        shutdown_delay: `${handOverMs}ms`,
        servers: {
          back: {
            listen: [`unix/${backSocket(paths, generation)}|0600`],
            routes: [
              endingConnections,
              handingOver(paths),
              ...challenges(parts.acmeThumbprint),
              ...redirects(parts),
              ...tableRoutes(scopes ?? [], parts.limits),
              ...pageRoutes(lost),
            ],
            errors: { routes: errorRoutes() },
            automatic_https: { disable: true },
            protocols: ['h1'],
            // The front's limit, and what it adds.
            max_header_bytes: 64 * 1024,
            trusted_proxies_unix: true,
            trusted_proxies_strict: 1,
            logs: { default_logger_name: requestLogger },
          },
        },
      },
    },
  };
}

/** Nothing of a request's path, headers and cookies is written down. */
function logging({ requests }: CaddyPaths): Json {
  const access = `http.log.access.${requestLogger}`;
  const unwanted = ['request>headers', 'request>tls', 'resp_headers'];
  return {
    logs: {
      default: {
        level: 'WARN',
        exclude: ['admin', access, `http.log.error.${requestLogger}`, 'http.handlers.reverse_proxy'],
      },
      requests: {
        level: 'INFO',
        include: [access, 'http.handlers.reverse_proxy'],
        writer: {
          output: 'file',
          filename: requests,
          mode: '0600',
          roll_size_mb: 64,
          roll_keep: 8,
          roll_gzip: false,
        },
        encoder: {
          format: 'filter',
          wrap: { format: 'json' },
          fields: {
            ...Object.fromEntries(unwanted.map((name) => [name, { filter: 'delete' }])),
            'request>uri': { filter: 'hash' },
          },
        },
      },
    },
  };
}

/** The authority's questions for certificates of ours; whoever asks gets the same answer, which gives nothing away. */
function challenges(thumbprint: string | null): CaddyRoute[] {
  if (thumbprint === null) return [];
  const pattern = '^/\\.well-known/acme-challenge/([A-Za-z0-9_-]+)$';
  return [
    {
      match: [{ method: ['GET'], path_regexp: { name: 'slipway_proof', pattern } }],
      handle: [
        {
          handler: 'static_response',
          headers: { 'Content-Type': ['text/plain'] },
          body: `{http.regexp.slipway_proof.1}.${thumbprint}`,
        },
      ],
      terminal: true,
    },
  ];
}

/** What came in clear text for a host with a certificate is sent to TLS, unless it is an authority's question. */
function redirects({ scopes, tls }: BackParts): CaddyRoute[] {
  if (!tls || tls.certificates.length === 0) return [];
  const hosts = (scopes ?? []).flatMap(({ routes }) => everyHost(routes));
  const named = hosts.filter((host) => tls.certificates.some((one) => covers(one, host)));
  const open = hosts.includes('*') ? tls.certificates.flatMap(({ names }) => names) : [];
  const covered = [...new Set([...named, ...open].map(bare))];
  if (covered.length === 0) return [];
  const port = tls.port === 443 ? '' : `:${tls.port}`;
  return [
    {
      match: [
        {
          host: covered,
          // The front says it, and believes those it trusts.
          header: { 'X-Forwarded-Proto': ['http'] },
          not: [{ path: ['/.well-known/acme-challenge/*'] }],
        },
      ],
      handle: [
        {
          handler: 'static_response',
          status_code: 308,
          headers: { Location: [`https://{http.request.host}${port}{http.request.uri}`] },
        },
      ],
      terminal: true,
    },
  ];
}
