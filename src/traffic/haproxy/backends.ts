import { pages, type Page } from '../embedded/pages.ts';
import { address, section, type ConfigParts } from './config-parts.ts';
import { nowhere } from './maps.ts';
import { serverName, slotName, type Slot } from './slots.ts';

/** The backend of one slot. */
export function slotSection({ shape, slots }: ConfigParts, index: number): string {
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

function serverLine(place: number, server: Slot['servers'][number]): string {
  const name = `server ${serverName(place)}`;
  // Shorter than the 5 s after which Node closes an idle connection.
  const options = 'pool-purge-delay 2s';
  if (server === null) return `${name} 127.0.0.1:1 ${options} disabled`;
  return `${name} ${address(server)} ${options}${server.leaving ? ' disabled' : ''}`;
}

/** Where the limiter remembers clients. */
export function limitsSection({ shape }: ConfigParts): string {
  if (!shape.limits) return '';
  return section('backend slipway_limits', ['stick-table type string len 80 size 50k expire 10m store gpt0']);
}

/** The backend through which an old process sends on what it still gets. */
export function onward(tls: boolean): string {
  return tls ? 'slipway_onward_tls' : 'slipway_onward';
}

/** Both backends, for both are named by a rule. */
export function onwardSection({ paths, settings, certificates }: ConfigParts): string {
  const backend = (name: string, path: string) =>
    section(`backend ${name} from slipway`, [
      'http-reuse never',
      'http-request disable-l7-retry unless METH_GET',
      // The new process knows how long an answer may take.
      'timeout server 1d',
      `server next unix@${path} send-proxy-v2`,
    ]);
  const tls = settings.tls !== null && certificates.length > 0;
  return [
    backend(onward(false), paths.onward),
    backend(onward(true), tls ? paths.onwardTls : paths.onward),
  ].join('\n\n');
}

/** The router's own answers. */
export const pageNames = [
  'unknownHost',
  'stateDamaged',
  'maintenance',
  'tooMany',
  'notServing',
  'pinnedAway',
] as const;
type PageName = (typeof pageNames)[number];

/** The backend that answers with a page of the router's own. */
export function pageBackend(name: PageName): string {
  return name === 'pinnedAway' ? nowhere : `slipway_${name}`;
}

/** Pages stand in backends, so that the rules for them cost no other request anything. */
export function pageSection({ paths }: ConfigParts, name: PageName): string {
  const { status, retryAfterSeconds } = pages[name] as Page;
  const wait = name === 'tooMany' ? '%[var(txn.retry)]' : retryAfterSeconds;
  const headers = `hdr cache-control no-store${wait === undefined ? '' : ` hdr retry-after "${wait}"`}`;
  const rule = (type: string, ending: string) =>
    `http-request return status ${status} content-type "${type}; charset=utf-8" file ${paths.pages}/${name}.${ending} ${headers}`;
  const json = String.raw`{ req.hdr(accept) -m reg -i 'application/([a-z0-9.+-]+\+)?json' } !{ req.hdr(accept) -m reg -i 'text/html|[*]/[*]' }`;
  return section(`backend ${pageBackend(name)} from slipway`, [
    `${rule('application/json', 'json')} if ${json}`,
    rule('text/html', 'html'),
  ]);
}
