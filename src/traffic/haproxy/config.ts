import type { AgentSettings } from '../agent/settings.ts';
import { sessionCookieName } from '../embedded/session-cookie.ts';
import { pages, type Page } from '../embedded/pages.ts';
import { nowhere, onwardPage } from './maps.ts';
import type { Shape, Slot, Slots } from './slots.ts';
import { slotName } from './slots.ts';

/** Where everything of one HAProxy lies. */
export interface HaproxyPaths {
  config: string;
  /** Configuration that is being tried. */
  draft: string;
  maps: { facts: string; weights: string; hosts: string };
  pages: string;
  certificates: string;
  slots: string;
  identity: string;
  log: string;
  /** Command socket of the process that takes new connections. */
  commands: string;
  /** Command socket of the master, which reaches every process. */
  master: string;
  /** Requests here are written to the log and nothing else. */
  mark: string;
  /** Takes what an old process still gets on its kept connections. */
  onward: string;
  onwardTls: string;
}

/** What a configuration is made of. */
export interface ConfigParts {
  settings: AgentSettings;
  paths: HaproxyPaths;
  shape: Shape;
  slots: Slots;
  /** Certificate files; without one TLS is not spoken, whatever the settings say. */
  certificates: readonly string[];
  /** Whether routes were lost, so that an unknown host may be one of ours. */
  damaged: boolean;
}

/** The ring that requests are logged to, read through the command socket. */
export const ringName = 'slipway_requests';

/** Text that tells whether two configurations differ in what cannot be changed while HAProxy runs. */
export function structureOf(parts: ConfigParts): string {
  return renderConfig({ ...parts, slots: [] });
}

/** The whole configuration, or our part of the user's own. */
export function renderConfig(parts: ConfigParts): string {
  return [
    '# Written by Slipway at every change of routes: what is edited here is lost.',
    globalSection(parts),
    defaultsSection(parts),
    usersSection(parts),
    markSection(parts),
    onwardSection(parts),
    ...pageNames.map((name) => pageSection(parts, name)),
    ...Array.from({ length: parts.shape.slots }, (_, index) => slotSection(parts, index)),
    limitsSection(parts),
    ringSection(),
  ]
    .filter((section) => section !== '')
    .join('\n\n')
    .concat('\n');
}

function section(head: string, lines: readonly (string | false)[]): string {
  return [head, ...lines.filter((line) => line !== false).map((line) => `  ${line}`)].join('\n');
}

function globalSection({ settings, paths }: ConfigParts): string {
  const alone = settings.ownConfig.length === 0;
  return section('global', [
    `log ring@${ringName} len 512 format raw local0 info`,
    `stats socket ${quoted(paths.commands)} mode 600 level admin`,
    'stats timeout 1d',
    `hard-stop-after ${settings.drainTimeoutMs}ms`,
    // A request that may be sent again is kept as a copy of a whole buffer: twice the size costs 8 µs a request.
    alone && 'tune.bufsize 16384',
    alone && 'tune.maxrewrite 1024',
    alone && 'tune.http.maxhdr 128',
    alone && 'tune.ssl.default-dh-param 2048',
    alone && 'ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets',
    alone && 'ssl-default-server-options ssl-min-ver TLSv1.2',
  ]);
}

function defaultsSection({ settings, paths }: ConfigParts): string {
  const errorFile = (status: number, page: string) =>
    `errorfile ${status} ${quoted(`${paths.pages}/${page}.http`)}`;
  return section('defaults slipway', [
    'mode http',
    'timeout connect 3s',
    'timeout http-request 10s',
    'timeout http-keep-alive 65s',
    'timeout client 60s',
    'timeout client-fin 30s',
    `timeout server ${settings.responseTimeoutMs}ms`,
    'timeout server-fin 30s',
    'timeout queue 5s',
    'timeout tunnel 1d',
    'option idle-close-on-response',
    'option abortonclose',
    'option http-no-delay',
    'option redispatch 1',
    'no option http-use-proxy-header',
    'no option accept-invalid-http-request',
    'no option accept-invalid-http-response',
    'retries 2',
    // What was sent is sent again only where that is harmless, see the rules of the backends.
    'retry-on conn-failure empty-response',
    'http-reuse safe',
    errorFile(400, 'badRequest'),
    errorFile(408, 'requestTimeout'),
    errorFile(413, 'tooLarge'),
    errorFile(502, 'badGateway'),
    // HAProxy's word for a server that refuses connections; to visitors that is a bad gateway.
    errorFile(503, 'badGateway'),
    errorFile(504, 'gatewayTimeout'),
  ]);
}

function usersSection(parts: ConfigParts): string {
  const { settings, paths, certificates } = parts;
  const { tls } = settings;
  const speaksTls = tls !== null && certificates.length > 0;
  return section('frontend slipway_users from slipway', [
    `bind ${address(settings.listen)} backlog 4096`,
    `bind unix@${paths.onward} mode 600 accept-proxy`,
    speaksTls &&
      `bind ${address(tls.listen)} backlog 4096 ssl ${certificates.map((file) => `crt ${quoted(file)}`).join(' ')} ssl-min-ver TLSv1.3 alpn http/1.1`,
    speaksTls && `bind unix@${paths.onwardTls} mode 600 accept-proxy name onward-tls`,
    'log global',
    'log-format "%pid %lc %b %ST %ts %Ta %ci %[var(txn.session)] %[var(txn.agent)] %[var(txn.stream)]"',
    ...refusals(settings),
    ...challengeRules(settings),
    ...origin(settings),
    ...scopeRules(parts),
    ...(speaksTls ? tlsRules(tls.listen.port, parts) : []),
    ...maintenanceRules(),
    ...limitRules(parts),
    ...pinRules(parts),
    ...sessionRules(parts),
    ...choiceRules(parts),
    ...forwarding(),
    'use_backend %[var(txn.to)]',
  ]);
}

/** What HAProxy's own strict parser lets pass though two servers could read it differently, and what is too large. */
function refusals({ maxBodyBytes }: AgentSettings): string[] {
  return [
    'http-request deny deny_status 405 if METH_CONNECT',
    'http-request deny deny_status 400 if HTTP_1.0 { req.hdr(transfer-encoding) -m found }',
    ...(maxBodyBytes > 0
      ? [`http-request deny deny_status 413 if { req.body_size gt ${maxBodyBytes} }`]
      : []),
    // HTTP/2 in clear text would let requests pass by these rules.
    'http-request del-header upgrade if { req.hdr(upgrade) -i -m beg h2 }',
    'http-request del-header http2-settings',
  ];
}

/** The authority's questions for certificates of ours; whoever asks gets the same answer, which gives nothing away. */
function challengeRules({ acmeThumbprint }: AgentSettings): string[] {
  if (acmeThumbprint === null) return [];
  return [
    `http-request return status 200 content-type text/plain lf-string "%[path,field(4,/)].${acmeThumbprint}" if METH_GET { path_reg ^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$ }`,
  ];
}

/** How deep a chain of trusted proxies is followed. */
const trustedHops = 3;

/** Who the client is; X-Forwarded-* of anyone who is not trusted is dropped. */
function origin({ trustedProxies }: AgentSettings): string[] {
  const direct = [
    'http-request del-header x-forwarded- -m beg',
    'http-request del-header forwarded',
    'http-request del-header x-real-ip',
    'http-request del-header proxy- -m beg',
  ];
  if (trustedProxies.length === 0) return [...direct, 'http-request add-header x-forwarded-for %[src]'];
  const trusted = `src ${trustedProxies.join(' ')}`;
  return [
    `http-request set-var(txn.peer) src if { ${trusted} }`,
    `http-request set-var(txn.chain) req.fhdr(x-forwarded-for) if { ${trusted} }`,
    `http-request set-var(txn.https) bool(true) if { ${trusted} } { req.hdr(x-forwarded-proto) -i https }`,
    ...Array.from(
      { length: trustedHops },
      (_, hop) =>
        `http-request set-src req.hdr_ip(x-forwarded-for,-${hop + 1}) if { ${trusted} } { req.hdr_cnt(x-forwarded-for) ge ${hop + 1} }`,
    ),
    ...direct,
    'http-request add-header x-forwarded-for %[src] if !{ var(txn.chain) -m found }',
    'http-request add-header x-forwarded-for "%[var(txn.chain)], %[var(txn.peer)]" if { var(txn.chain) -m found }',
    'http-request add-header x-forwarded-proto https if { var(txn.https) -m bool }',
  ];
}

/** Who owns the host. Where it leads is a backend in `txn.to`; some of them only answer with a page. */
function scopeRules({ paths, damaged }: ConfigParts): string[] {
  const { hosts, facts } = paths.maps;
  const unknown = '!{ var(txn.scope) -m found }';
  return [
    'http-request set-var(txn.host) req.hdr(host),host_only,lower',
    `http-request set-var(txn.scope) var(txn.host),map_str(${quoted(hosts)})`,
    `http-request deny deny_status 400 if ${unknown} !{ var(txn.host) -m found } HTTP_1.1`,
    `http-request set-var(txn.scope) str(*),map_str(${quoted(hosts)}) if ${unknown}`,
    // An old process knows no scope any more: what it still gets goes to the new one, which answers it.
    `http-request set-var(txn.to) str(onward),map_str(${quoted(facts)},${onward(false)}) if ${unknown}`,
    `http-request set-var(txn.to) str(onward),map_str(${quoted(facts)},${onward(true)}) if ${unknown} { ssl_fc }`,
    `http-request set-var(txn.to) str(${pageBackend(damaged ? 'stateDamaged' : 'unknownHost')}) if ${unknown} { var(txn.to) -m str ${onwardPage} }`,
    `http-request set-var(txn.flags) str(flags:),concat(,txn.scope),map_str(${quoted(facts)})`,
  ];
}

function tlsRules(port: number, { paths }: ConfigParts): string[] {
  const shownPort = port === 443 ? '' : `:${port}`;
  const secure = ['{ ssl_fc }', '{ so_name onward-tls }', '{ var(txn.https) -m bool }'];
  return [
    ...secure.map((condition) => `http-request set-var(txn.secure) bool(true) if ${condition}`),
    `http-request redirect location https://%[var(txn.host)]${shownPort}%[capture.req.uri] code 308 if { str(tls:),concat(,txn.host),map_str(${quoted(paths.maps.facts)}) -m found } !{ var(txn.secure) -m bool } !{ path_beg /.well-known/acme-challenge/ }`,
    'http-request add-header x-forwarded-proto https if { var(txn.secure) -m bool } !{ var(txn.https) -m bool }',
    'http-after-response set-header strict-transport-security max-age=31536000 if { var(txn.secure) -m bool } !{ res.hdr(strict-transport-security) -m found }',
  ];
}

function maintenanceRules(): string[] {
  return [
    `http-request set-var(txn.to) str(${pageBackend('maintenance')}) if { var(txn.flags) -m sub maintenance }`,
  ];
}

/**
 * The generic cell rate algorithm, as the embedded router has it: `txn.due` is when the next request would be in time,
 * kept in the table by client. Times are in 100 µs since a moment that passes every five days.
 */
function limitRules({ paths, shape }: ConfigParts): string[] {
  if (!shape.limits) return [];
  const limited = '{ var(txn.flags) -m sub limited }';
  const fact = (name: string) => `str(${name}:),concat(,txn.scope),map_str(${quoted(paths.maps.facts)})`;
  return [
    `http-request set-var(txn.client) src,ipmask(32,64) if ${limited}`,
    `http-request track-sc0 str(),concat(,txn.scope),concat(:,txn.client) table slipway_limits if ${limited}`,
    `http-request set-var(txn.interval) ${fact('interval')},add(0) if ${limited}`,
    `http-request set-var(txn.tolerance) ${fact('tolerance')},add(0) if ${limited}`,
    `http-request set-var(txn.now) date(0,us),div(100),mod(4294967296) if ${limited}`,
    `http-request set-var(txn.due) sc0_get_gpt0 if ${limited}`,
    // HAProxy subtracts rightly from what is not negative only: each difference is one step from positive numbers.
    `http-request set-var(txn.latest) var(txn.now),add(txn.tolerance) if ${limited}`,
    `http-request set-var(txn.beyond) var(txn.latest),add(txn.interval) if ${limited}`,
    `http-request set-var(txn.early) var(txn.due),sub(txn.now) if ${limited}`,
    // Due later than any request can be: the clock has passed its end since.
    `http-request set-var(txn.far) var(txn.due),sub(txn.beyond) if ${limited}`,
    `http-request set-var(txn.due) var(txn.now) if ${limited} { var(txn.early) -m int lt 0 }`,
    `http-request set-var(txn.due) var(txn.now) if ${limited} { var(txn.far) -m int gt 0 }`,
    `http-request set-var(txn.wait) var(txn.due),sub(txn.latest) if ${limited}`,
    `http-request set-var(txn.retry) var(txn.wait),div(10000),add(1) if ${limited}`,
    `http-request set-var(txn.to) str(${pageBackend('tooMany')}) if ${limited} { var(txn.wait) -m int gt 0 } !{ var(txn.to) -m found }`,
    `http-request sc-set-gpt0(0) var(txn.due),add(txn.interval) if ${limited} !{ var(txn.to) -m found }`,
  ];
}

/** A preview host decides before a header, and a header before a cookie. */
function pinRules({ paths, shape }: ConfigParts): string[] {
  const facts = quoted(paths.maps.facts);
  const open = '{ var(txn.flags) -m sub pins } !{ var(txn.to) -m found }';
  const look = (kind: string, name: string, fetch: string) => [
    `http-request set-var(txn.mark) ${fetch} if ${open}`,
    `http-request set-var(txn.to) str(${kind}:),concat(,txn.scope,:${name}:),concat(,txn.mark),map_str(${facts}) if ${open} { var(txn.mark) -m found }`,
    'http-request unset-var(txn.mark)',
  ];
  return [
    `http-request set-var(txn.to) str(host:),concat(,txn.scope,:),concat(,txn.host),map_str(${facts}) if ${open}`,
    ...shape.headers.flatMap((name) => look('header', name, `req.fhdr(${name})`)),
    ...shape.cookies.flatMap((name) => look('cookie', name, `req.cook(${name})`)),
    `http-request set-var(txn.settled) bool(true) if { var(txn.to) -m found }`,
  ];
}

/** Where a session is at home, while that has weight. */
function sessionRules({ paths }: ConfigParts): string[] {
  const facts = quoted(paths.maps.facts);
  const sticky = '{ var(txn.flags) -m sub sticky } !{ var(txn.settled) -m bool }';
  const cookie = `req.cook(${sessionCookieName})`;
  return [
    `http-request set-var(txn.cookie) ${cookie} if ${sticky} { ${cookie} -m reg '^[A-Za-z0-9_-]{22}\\.[a-f0-9]{32}$' }`,
    'http-request set-var(txn.session) var(txn.cookie),field(2,.) if { var(txn.cookie) -m found }',
    `http-request set-var(txn.token) var(txn.cookie),field(1,.) if { var(txn.cookie) -m found }`,
    `http-request set-var(txn.to) str(session:),concat(,txn.token),map_str(${facts}) if { var(txn.token) -m found }`,
    'http-request unset-var(txn.token)',
    `http-request set-var(txn.fresh) bool(true) if ${sticky} !{ var(txn.to) -m found }`,
    // No business of the app.
    `http-request replace-header cookie '^${sessionCookieName}=[^;]*(?:;\\s*(.*))?$' '\\1' if { ${cookie} -m found }`,
    `http-request replace-header cookie '^(.*?);\\s*${sessionCookieName}=[^;]*(.*)$' '\\1\\2' if { ${cookie} -m found }`,
    'http-request del-header cookie if { req.hdr(cookie) -m len 0 }',
  ];
}

function choiceRules({ paths }: ConfigParts): string[] {
  const facts = quoted(paths.maps.facts);
  const fresh = '{ var(txn.fresh) -m bool }';
  const nothing = pageBackend('notServing');
  return [
    `http-request set-var(txn.to) rand(100),concat(:,txn.scope),map_str(${quoted(paths.maps.weights)},${nothing}) if !{ var(txn.to) -m found }`,
    `http-request set-var(txn.session) uuid,regsub(-,,g) if ${fresh} !{ var(txn.session) -m found }`,
    `http-request set-var(txn.token) str(token:),concat(,txn.to),map_str(${facts}) if ${fresh}`,
    'http-request set-var(txn.agent) req.fhdr(user-agent),crc32c',
    `http-response add-header set-cookie "${sessionCookieName}=%[var(txn.token)].%[var(txn.session)]; Path=/; HttpOnly; SameSite=Lax" if { var(txn.token) -m found }`,
  ];
}

function forwarding(): string[] {
  return [
    'http-request add-header x-forwarded-proto http if !{ var(txn.secure) -m bool } !{ var(txn.https) -m bool }',
    'http-request add-header x-forwarded-host %[req.hdr(host)]',
    'http-request set-var(txn.stream) str(stream) if { req.hdr(accept) -m sub text/event-stream }',
  ];
}

/** Tells how far the log has come: see `LogStream.settle`. */
function markSection({ paths }: ConfigParts): string {
  return section('frontend slipway_mark from slipway', [
    `bind unix@${paths.mark} mode 600`,
    'log global',
    'log-format "%pid mark %[var(txn.mark)]"',
    'http-request set-var(txn.mark) path',
    'http-request return status 200',
  ]);
}

function onward(tls: boolean): string {
  return tls ? 'slipway_onward_tls' : 'slipway_onward';
}

function onwardSection({ paths, settings, certificates }: ConfigParts): string {
  const backend = (name: string, path: string) =>
    section(`backend ${name} from slipway`, ['http-reuse never', `server next unix@${path} send-proxy-v2`]);
  const tls = settings.tls !== null && certificates.length > 0;
  // Named by a rule either way.
  return [
    backend(onward(false), paths.onward),
    backend(onward(true), tls ? paths.onwardTls : paths.onward),
  ].join('\n\n');
}

function slotSection({ shape, slots }: ConfigParts, index: number): string {
  const servers = slots[index]?.servers ?? [];
  return section(`backend ${slotName(index)} from slipway`, [
    'balance roundrobin',
    // What was sent is sent again only if its method says that it is harmless.
    'http-request disable-l7-retry unless METH_GET',
    // An event stream may be silent for as long as it likes.
    'http-request set-timeout server 1d if { var(txn.stream) -m found }',
    ...Array.from({ length: shape.serversPerSlot }, (_, place) => serverLine(place, servers[place] ?? null)),
  ]);
}

/** The name of a server: its place in its slot. */
export function serverName(place: number): string {
  return `e${place}`;
}

function serverLine(place: number, server: Slot['servers'][number]): string {
  const name = `server ${serverName(place)}`;
  // Shorter than the 5 s after which Node closes an idle connection.
  const options = 'pool-purge-delay 2s';
  return server === null
    ? `${name} 127.0.0.1:1 ${options} disabled`
    : `${name} ${address(server)} ${options}`;
}

function limitsSection({ shape }: ConfigParts): string {
  if (!shape.limits) return '';
  return section('backend slipway_limits', ['stick-table type string len 80 size 50k expire 10m store gpt0']);
}

function ringSection(): string {
  return section(`ring ${ringName}`, ['format raw', 'maxlen 512', 'size 33554432']);
}

const pageNames = [
  'unknownHost',
  'stateDamaged',
  'maintenance',
  'tooMany',
  'notServing',
  'pinnedAway',
] as const;
type PageName = (typeof pageNames)[number];

/** The backend that answers with a page of the router's own. */
function pageBackend(name: PageName): string {
  return name === 'pinnedAway' ? nowhere : `slipway_${name}`;
}

/** Pages stand in backends, so that the rules for them cost no other request anything. */
function pageSection({ paths }: ConfigParts, name: PageName): string {
  const { status, retryAfterSeconds } = pages[name] as Page;
  const wait = name === 'tooMany' ? '%[var(txn.retry)]' : retryAfterSeconds;
  const headers = `hdr cache-control no-store${wait === undefined ? '' : ` hdr retry-after "${wait}"`}`;
  const rule = (type: string, ending: string) =>
    `http-request return status ${status} content-type "${type}; charset=utf-8" file ${quoted(`${paths.pages}/${name}.${ending}`)} ${headers}`;
  const json = String.raw`{ req.hdr(accept) -m reg -i 'application/([a-z0-9.+-]+\+)?json' } !{ req.hdr(accept) -m reg -i 'text/html|[*]/[*]' }`;
  return section(`backend ${pageBackend(name)} from slipway`, [
    `${rule('application/json', 'json')} if ${json}`,
    rule('text/html', 'html'),
  ]);
}

function address({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function quoted(path: string): string {
  return path;
}
