import { covers, type Certificate } from '../certificate-folder.ts';
import { block, literal, map, upstreamName, variable } from './names.ts';
import { errorPages, pagesLocation, retryEntries } from './pages.ts';
import type { PartSettings } from './part-settings.ts';
import { limitZoneName, onlyRevision, type NamedScope } from './scope-maps.ts';

/** Where a server listens, and for which hosts. */
interface Door {
  names: string[];
  /** Null for clear text. */
  certificate: Certificate | null;
  /** Clear text for hosts that have a certificate: sent to TLS. */
  redirects: boolean;
}

/** What is behind a server: what the maps decide, one revision, or a page of the router's own. */
type Behind = { kind: 'chosen' } | { kind: 'revision'; id: string } | { kind: 'page'; name: string };

/** The servers of one scope: for its own hosts, and for each host that previews a revision. */
export function scopeServers(scope: NamedScope, settings: PartSettings): string[] {
  const { key, routes } = scope;
  const present = new Set(routes.revisions.filter((one) => one.endpoints.length > 0).map(({ id }) => id));
  const behind = (revision: string | null): Behind => {
    if (routes.maintenance) return { kind: 'page', name: 'maintenance' };
    const only = revision ?? onlyRevision(routes);
    if (only === null) return { kind: 'chosen' };
    return present.has(only) ? { kind: 'revision', id: only } : { kind: 'page', name: 'pinnedAway' };
  };
  const previews = routes.pins.flatMap(({ by, revision }) =>
    by.kind === 'host' ? [{ hosts: [by.host], revision }] : [],
  );
  const waitSeconds = routes.rateLimit ? Math.ceil(60 / routes.rateLimit.perMinute) : 0;
  return [
    map('$uri', variable(key, 'retry'), retryEntries(waitSeconds)),
    ...[{ hosts: routes.hosts, revision: null }, ...previews].flatMap(({ hosts, revision }) =>
      doors(hosts, settings).map((door) => server({ scope, settings, door, behind: behind(revision) })),
    ),
  ];
}

/** Which certificate opens which hosts. `*` is opened by every certificate for names that no scope has for itself. */
function doors(hosts: readonly string[], { tls, taken }: PartSettings): Door[] {
  const certificates = tls?.certificates ?? [];
  const secured = certificates.flatMap((certificate) => {
    const own = hosts.filter((host) => certificates.find((one) => covers(one, host)) === certificate);
    const others = hosts.includes('*') ? certificate.names.filter((name) => !taken.has(name)) : [];
    const names = [...new Set([...own, ...others])];
    return names.length > 0 ? [{ names, certificate, redirects: false }] : [];
  });
  const names = [...new Set(secured.flatMap((one) => one.names))];
  const plain = hosts.filter((host) => !names.includes(host));
  return [
    ...(plain.length > 0 ? [{ names: plain, certificate: null, redirects: false }] : []),
    ...(names.length > 0 ? [{ names, certificate: null, redirects: true }] : []),
    ...secured,
  ];
}

interface ServerParts {
  scope: NamedScope;
  settings: PartSettings;
  door: Door;
  behind: Behind;
}

function server(parts: ServerParts): string {
  const { scope, settings, door, behind } = parts;
  const { key } = scope;
  const unavailable = behind.kind === 'page' ? behind.name : variable(key, 'unavailable');
  const headers = [
    ...(behind.kind === 'chosen' ? [`add_header Set-Cookie ${variable(key, 'cookie')} always;`] : []),
    ...(door.certificate ? ['add_header Strict-Transport-Security $slipway_hsts always;'] : []),
  ];
  return block('server', [
    ...listens(door, settings),
    `server_name ${door.names.map((host) => (host === '*' ? '_' : host)).join(' ')};`,
    `access_log ${settings.accessLog} ${formatName(key, behind)} buffer=32k flush=1s;`,
    ...settings.serverLines,
    ...errorPages(unavailable),
    ...headers,
    pagesLocation(settings.pagesFolder, [
      `add_header Retry-After ${variable(key, 'retry')} always;`,
      ...headers,
    ]),
    ...(door.certificate ? [] : challenges(settings)),
    ...(door.redirects ? redirected(parts) : locations(parts, unavailable)),
  ]);
}

/** The log format that says which revision a request went to. */
export function formatName(key: string, behind: Behind): string {
  return behind.kind === 'revision' ? `slipway_${key}_${behind.id}` : `slipway_${key}`;
}

function listens({ names, certificate }: Door, { listen, tls }: PartSettings): string[] {
  if (!certificate) return [`listen ${listen}${names.includes('*') ? ' default_server' : ''};`];
  return [
    `listen ${tls?.listen ?? ''} ssl;`,
    `ssl_certificate ${literal(certificate.chainFile)};`,
    `ssl_certificate_key ${literal(certificate.keyFile)};`,
    'ssl_protocols TLSv1.3;',
  ];
}

/**
 * A request that may be silent for long (upgraded, event stream) has no limit of time. While a reload is near, every
 * answer ends its connection: none that is in use is idle when the old workers close the idle ones.
 */
function locations({ scope, settings, behind }: ServerParts, unavailable: string): string[] {
  if (behind.kind === 'page') return [block('location /', ['return 503;'])];
  const pass = proxyTo(scope, behind);
  const patience = `proxy_read_timeout ${settings.responseTimeoutMs}ms;`;
  return [
    block('location /', [
      'error_page 418 = @slipway_long;',
      'error_page 419 = @slipway_closing;',
      // A location with error pages of its own inherits none.
      ...errorPages(unavailable),
      'if ($slipway_long) { return 418; }',
      `if (-e ${literal(settings.closingFile)}) { return 419; }`,
      ...pass,
      patience,
    ]),
    block('location @slipway_closing', [...pass, patience, 'keepalive_timeout 0;']),
    block('location @slipway_long', [...pass, 'proxy_read_timeout 30d;', 'proxy_send_timeout 30d;']),
  ];
}

function proxyTo(
  { key, routes: { rateLimit } }: NamedScope,
  behind: Exclude<Behind, { kind: 'page' }>,
): string[] {
  const limit = rateLimit
    ? [`limit_req zone=${limitZoneName(key, rateLimit.perMinute)} burst=${rateLimit.burst} nodelay;`]
    : [];
  if (behind.kind === 'revision') return [...limit, `proxy_pass http://${upstreamName(key, behind.id)};`];
  return [
    ...limit,
    `if (${variable(key, 'to')} ~ "^!?$") { return 503; }`,
    `proxy_pass http://${upstreamName(key, `\${${variable(key, 'to').slice(1)}}`)};`,
  ];
}

/** The authority's questions for certificates of ours; whoever asks gets the same answer, which gives nothing away. */
function challenges({ acmeThumbprint, accessLog }: PartSettings): string[] {
  if (acmeThumbprint === null) return [];
  return [
    block(String.raw`location ~ "^/\.well-known/acme-challenge/(?<slipway_token>[A-Za-z0-9_-]+)$"`, [
      `access_log ${accessLog} slipway_other buffer=32k flush=1s;`,
      'default_type text/plain;',
      `return 200 "$slipway_token.${acmeThumbprint}";`,
    ]),
  ];
}

/** Clear text for a host with a certificate: a challenge for a certificate is answered as it came, all else is sent on. */
function redirected({ scope, settings: { tls }, behind }: ServerParts): string[] {
  const port = tls?.port === 443 ? '' : `:${tls?.port}`;
  return [
    block(
      'location /.well-known/acme-challenge/',
      behind.kind === 'page' ? ['return 503;'] : proxyTo(scope, behind),
    ),
    block('location /', [`return 308 https://$host${port}$request_uri;`]),
  ];
}
