import type { Routes } from '../../delivery/index.ts';
import { lotText } from '../embedded/lot-text.ts';
import { sessionCookieName } from '../embedded/session-cookie.ts';
import { block, exactly, map, upstreamName, variable } from './names.ts';

/** A scope with what stands for it and for its revisions. */
export interface NamedScope {
  key: string;
  routes: Routes;
  /** By revision: what stands for it in session cookies. */
  token(revision: string): string;
}

/** Stands for a pin to a revision without a copy. */
export const pinnedAway = '!';

/**
 * The variables that decide where a request of a scope goes, from what it carries to `$slipway_KEY_to`:
 *
 *   pins (headers, then cookie) ─┐
 *   session's home, with weight ─┼─► to ─► upstream
 *   drawn by weight ─────────────┘
 */
export function scopeMaps(scope: NamedScope): string[] {
  const { key, routes } = scope;
  const own = (name: string) => variable(key, name);
  return [
    ...upstreams(scope),
    ...pinMaps(scope),
    drawn(scope),
    map('$slipway_token', own('home'), [
      ['default', '""'],
      ...(remembers(routes)
        ? weighted(routes).map(({ id }): [string, string] => [`"~^${exactly(scope.token(id))}$"`, quoted(id)])
        : []),
    ]),
    map(`${own('pinned')}@${own('home')}`, own('to'), [
      ['default', own('drawn')],
      ['"~^(?<slipway_p>[^@]+)@"', '$slipway_p'],
      ['"~^@(?<slipway_h>.+)$"', '$slipway_h'],
    ]),
    // A cookie only for sessions that are new or were moved; never for what is pinned.
    map(`${own('pinned')}@${own('home')}@${own('drawn')}`, own('set_cookie'), [
      ['default', '""'],
      ...(remembers(routes)
        ? weighted(routes).map(({ id }): [string, string] => [
            `"~^@@${exactly(id)}$"`,
            `"${sessionCookieName}=${scope.token(id)}.$slipway_session; Path=/; HttpOnly; SameSite=Lax"`,
          ])
        : []),
    ]),
    // A session begins where its request is sent to a revision, and counted: one that is limited or redirected draws again.
    map('$upstream_addr', own('cookie'), [
      ['default', own('set_cookie')],
      ['""', '""'],
    ]),
    map(`$slipway_known@${own('set_cookie')}`, own('cookie_session'), [
      ['default', '$slipway_known'],
      ['"@"', '""'],
      ['"~^@."', '$request_id'],
    ]),
    // What testers meet where they are pinned says nothing of the revision that their session drew.
    map(own('pinned'), own('session'), [
      ['default', '""'],
      ['""', own('cookie_session')],
    ]),
    ...lotMap(scope),
    map(own('to'), own('unavailable'), [
      ['default', 'notServing'],
      [quoted(pinnedAway), 'pinnedAway'],
    ]),
    ...limitZone(scope),
  ];
}

/** Whether sessions get a cookie: someone asked for it, or there is more than one place to go. */
export function remembers(routes: Routes): boolean {
  return routes.sticky || weighted(routes).length > 1;
}

/**
 * The revision that every request of the scope goes to, as on most days; null when something must be chosen. Its requests
 * pass by all the maps, which cost about a tenth of nginx's time.
 */
export function onlyRevision(routes: Routes): string | null {
  const [one, ...others] = weighted(routes);
  const pinned = routes.pins.some(({ by }) => by.kind !== 'host');
  if (!one || others.length > 0 || pinned || routes.sticky || one.endpoints.length === 0) return null;
  return one.id;
}

function weighted({ revisions }: Routes) {
  return revisions.filter(({ weightPercent }) => weightPercent > 0);
}

/**
 * One upstream for each revision with a copy. Idle connections are given up before an app does so itself (Node: 5 s).
 * No passive health: who is dead is delivery's to say, and until then the next copy is tried.
 */
function upstreams({ key, routes }: NamedScope): string[] {
  return routes.revisions
    .filter(({ endpoints }) => endpoints.length > 0)
    .map(({ id, endpoints }) =>
      block(`upstream ${upstreamName(key, id)}`, [
        ...endpoints.map(({ host, port }) => `server ${address(host)}:${port} max_fails=0;`),
        'keepalive 64;',
        'keepalive_requests 10000;',
        'keepalive_timeout 3s;',
      ]),
    );
}

function address(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Each header in a map of its own, where the first that says something decides; then all cookies. */
function pinMaps({ key, routes }: NamedScope): string[] {
  const present = new Set(routes.revisions.filter((one) => one.endpoints.length > 0).map(({ id }) => id));
  const target = (revision: string) => quoted(present.has(revision) ? revision : pinnedAway);
  const byHeader = new Map<string, [string, string][]>();
  const cookies: [string, string][] = [];
  for (const { by, revision } of routes.pins) {
    if (by.kind === 'cookie')
      cookies.push([`"~(?:^|;\\s*)${by.name}=${exactly(by.value)}\\s*(?:;|$)"`, target(revision)]);
    if (by.kind !== 'header') continue;
    const name = by.name.toLowerCase().replaceAll('-', '_');
    byHeader.set(name, [...(byHeader.get(name) ?? []), [`"~^${exactly(by.value)}$"`, target(revision)]]);
  }
  const maps = [...byHeader].map(([name, entries]): [string, [string, string][]] => [
    `$http_${name}`,
    entries,
  ]);
  if (cookies.length > 0) maps.push(['$http_cookie', cookies]);
  const names = maps.map((_, index) => variable(key, `pin${index}`));
  return [
    ...maps.map(([source, entries], index) =>
      map(source, names[index] ?? '', [['default', '""'], ...entries]),
    ),
    map(names.join('@'), variable(key, 'pinned'), [
      ['default', '""'],
      ['"~^@*(?<slipway_pin>[^@]+)"', '$slipway_pin'],
    ]),
  ];
}

/** nginx draws for each request by itself; the id is random, and a session is drawn for once. */
function drawn({ key, routes }: NamedScope): string {
  const shares = weighted(routes);
  const target = variable(key, 'drawn');
  if (shares.length === 0) return map('', target, [['default', '""']]);
  return block(
    `split_clients "$request_id$slipway_token" ${target}`,
    shares.map(({ id, weightPercent }, index) => {
      const share = index === shares.length - 1 ? '*' : `${weightPercent}%`;
      return `${share} ${quoted(id)};`;
    }),
  );
}

/** Tells the log by which lot a request's session was drawn: whoever gets a cookie drew. Empty for all others. */
function lotMap({ key, routes }: NamedScope): string[] {
  const lot = lotText(routes.revisions);
  if (lot === '') return [];
  return [
    map(variable(key, 'set_cookie'), variable(key, 'lot'), [
      ['default', quoted(lot)],
      ['""', '""'],
    ]),
  ];
}

function limitZone({ key, routes: { rateLimit } }: NamedScope): string[] {
  if (!rateLimit) return [];
  return [
    `limit_req_zone $binary_remote_addr zone=${limitZoneName(key, rateLimit.perMinute)}:10m rate=${rateLimit.perMinute}r/m;`,
  ];
}

/** Another rate is another zone: nginx keeps what a zone counted over a reload. */
export function limitZoneName(key: string, perMinute: number): string {
  return `slipway_${key}_${perMinute}`;
}

function quoted(text: string): string {
  return `"${text}"`;
}
