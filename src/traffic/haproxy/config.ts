import { limitsSection, onwardSection, pageNames, pageSection, slotSection } from './backends.ts';
import { section, type ConfigParts } from './config-parts.ts';
import { usersSection } from './users.ts';

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
    section(`ring ${ringName}`, ['format raw', 'maxlen 512', 'size 33554432']),
  ]
    .filter((text) => text !== '')
    .join('\n\n')
    .concat('\n');
}

function globalSection({ settings, paths }: ConfigParts): string {
  const alone = settings.ownConfig.length === 0;
  return section('global', [
    `log ring@${ringName} len 512 format raw local0 info`,
    `stats socket ${paths.commands} mode 600 level admin`,
    'stats timeout 1d',
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
  const errorFile = (status: number, page: string) => `errorfile ${status} ${paths.pages}/${page}.http`;
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

/** Tells how far the log has come: see `LogStream.settle`. */
function markSection({ paths }: ConfigParts): string {
  return section('frontend slipway_mark from slipway', [
    `bind unix@${paths.mark} mode 600`,
    'log global',
    'log-format "mark %[var(txn.mark)]"',
    'http-request set-var(txn.mark) path',
    'http-request return status 200',
  ]);
}
