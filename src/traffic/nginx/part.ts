import { createHash } from 'node:crypto';
import { lotText } from '../embedded/lot-text.ts';
import { everyHost } from '../embedded/routes.ts';
import { block, map, variable } from './names.ts';
import type { PartSettings } from './part-settings.ts';
import { errorPages, pagesLocation, retryEntries } from './pages.ts';
import { forwarded, requestMaps } from './request-maps.ts';
import { onlyRevision, scopeMaps, type NamedScope } from './scope-maps.ts';
import { formatName, scopeServers } from './scope-servers.ts';

/** What nobody's host is answered: that nothing is there, or that routes were lost. */
export type Otherwise = 'unknownHost' | 'stateDamaged';

/** Slipway's part of nginx's configuration, all that depends on routes. */
export function renderPart(
  scopes: readonly NamedScope[],
  settings: Omit<PartSettings, 'taken'>,
  otherwise: Otherwise = 'unknownHost',
): string {
  const taken = new Set(scopes.flatMap(({ routes }) => everyHost(routes)));
  const all = { ...settings, taken };
  return [
    ...requestMaps(settings.trustedProxies),
    ...statusServer(settings),
    ...otherServers(all, otherwise),
    ...scopes.flatMap((scope) => [
      `# ${JSON.stringify(scope.routes.scope)}`,
      ...scopeMaps(scope),
      ...logFormats(scope),
      ...scopeServers(scope, all),
    ]),
    ...certificateMarks(settings),
  ]
    .map((piece) => `${piece}\n`)
    .join('\n');
}

/** What every server of ours says: limits of an edge, and what an app is told. */
export function serverLines(settings: { maxBodyBytes: number; trustedProxies: readonly string[] }): string[] {
  const hidden = [
    'Forwarded',
    'X-Forwarded-Port',
    'X-Forwarded-Server',
    'X-Real-IP',
    'TE',
    'HTTP2-Settings',
    'Keep-Alive',
  ];
  const { client, scheme } = forwarded(settings.trustedProxies);
  return [
    'server_tokens off;',
    'recursive_error_pages on;',
    'client_header_timeout 10s;',
    'client_body_timeout 60s;',
    'client_header_buffer_size 8k;',
    'large_client_header_buffers 4 32k;',
    `client_max_body_size ${settings.maxBodyBytes};`,
    'send_timeout 60s;',
    'keepalive_timeout 65s;',
    'keepalive_requests 100000;',
    'reset_timedout_connection on;',
    'limit_req_status 429;',
    'limit_req_log_level info;',
    'gzip off;',
    // Whether a reload is near is looked up in each whole second, not for each request.
    'open_file_cache max=16 inactive=60s;',
    'open_file_cache_valid 1s;',
    'open_file_cache_min_uses 1;',
    'open_file_cache_errors on;',
    ...settings.trustedProxies.map((one) => `set_real_ip_from ${one};`),
    ...(settings.trustedProxies.length > 0
      ? ['real_ip_header X-Forwarded-For;', 'real_ip_recursive on;']
      : []),
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 3s;',
    'proxy_send_timeout 60s;',
    // What was sent is sent again only where twice does no harm (never POST, PATCH and LOCK), and before any answer.
    'proxy_next_upstream error;',
    'proxy_request_buffering off;',
    'proxy_buffering off;',
    'proxy_buffer_size 32k;',
    'proxy_buffers 4 32k;',
    'proxy_max_temp_file_size 0;',
    'proxy_redirect off;',
    'proxy_intercept_errors off;',
    'proxy_pass_header Server;',
    'proxy_pass_header Date;',
    // An app decides nothing about the router.
    'proxy_ignore_headers X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset X-Accel-Expires;',
    'proxy_set_header Host $http_host;',
    'proxy_set_header Connection $slipway_connection;',
    'proxy_set_header Upgrade $slipway_upgrade;',
    'proxy_set_header Cookie $slipway_cookie;',
    `proxy_set_header X-Forwarded-For ${client};`,
    `proxy_set_header X-Forwarded-Proto ${scheme};`,
    'proxy_set_header X-Forwarded-Host $http_host;',
    ...hidden.map((name) => `proxy_set_header ${name} "";`),
  ];
}

/** One line for each request, its fields in the order that `parseAccessLine` reads them. */
function logFormats({ key, routes }: NamedScope): string[] {
  const only = onlyRevision(routes);
  const direct = new Set([
    ...routes.pins.filter(({ by }) => by.kind === 'host').map(({ revision }) => revision),
    ...(only === null ? [] : [only]),
  ]);
  const lot = lotText(routes.revisions) === '' ? [] : [variable(key, 'lot')];
  return [
    logFormat(formatName(key, { kind: 'chosen' }), {
      key,
      revision: variable(key, 'to'),
      session: variable(key, 'session'),
      more: lot,
    }),
    ...[...direct].map((id) =>
      logFormat(formatName(key, { kind: 'revision', id }), {
        key,
        revision: id,
        session: id === only ? '$slipway_known' : '',
      }),
    ),
  ];
}

interface LoggedRequest {
  key: string;
  revision: string;
  /** Empty for who has none, or is pinned: told by address and browser. */
  session: string;
  /** Fields at the end, which not every line has. */
  more?: string[];
}

function logFormat(name: string, { key, revision, session, more = [] }: LoggedRequest): string {
  const fields = [
    key,
    revision,
    '$connection',
    '$connection_requests',
    '$status',
    '$upstream_header_time',
    '$request_completion',
    '$request_time',
    '$slipway_type',
    session,
    '$remote_addr',
    '$http_user_agent',
    '$slipway_failed',
    ...more,
  ];
  return `log_format ${name} escape=json '${fields.join('\t')}';`;
}

/** A unix socket has room for 107 bytes; without it, what is in flight is told from connections alone. */
const maxSocketBytes = 107;

/** Tells the agent how much nginx has to do; not reached over the network, and of no use to other users here. */
function statusServer({ statusSocket }: Pick<PartSettings, 'statusSocket'>): string[] {
  if (Buffer.byteLength(statusSocket) > maxSocketBytes) return [];
  return [
    block('server', [
      `listen unix:${statusSocket};`,
      'access_log off;',
      'keepalive_timeout 0;',
      block('location = /', ['stub_status;']),
    ]),
  ];
}

/** Who asks for a host that nobody named. In the user's own configuration that is the user's affair. */
function otherServers(settings: PartSettings, otherwise: Otherwise): string[] {
  const { listen, tls, isWhole, taken, accessLog, pagesFolder } = settings;
  const format = logFormat('slipway_other', { key: '-', revision: '-', session: '' });
  const log = `access_log ${accessLog} slipway_other buffer=32k flush=1s;`;
  if (!isWhole) return settings.acmeThumbprint === null ? [] : [format];
  const retry = '$slipway_other_retry';
  const plain = block('server', [
    `listen ${listen} default_server;`,
    'server_name _;',
    log,
    ...settings.serverLines,
    ...errorPages(otherwise),
    pagesLocation(pagesFolder, [`add_header Retry-After ${retry} always;`]),
    block('location /', [`return ${otherwise === 'unknownHost' ? 404 : 503};`]),
  ]);
  const secure = block('server', [
    `listen ${tls?.listen} ssl default_server;`,
    'server_name _;',
    'ssl_protocols TLSv1.3;',
    'ssl_reject_handshake on;',
    log,
  ]);
  return [
    format,
    ...(taken.has('*') ? [] : [map('$uri', retry, retryEntries(0)), plain]),
    ...(tls ? [secure] : []),
  ];
}

/** So that a renewed certificate is another configuration, which nginx is made to read. */
function certificateMarks({ tls }: Pick<PartSettings, 'tls'>): string[] {
  return (tls?.certificates ?? []).map(({ chainFile, chain, key }) => {
    const mark = createHash('sha256').update(chain).update(key).digest('hex').slice(0, 16);
    return `# certificate ${JSON.stringify(chainFile)} ${mark}`;
  });
}
