import type { RouteRevision, Routes } from '../../delivery/index.ts';
import { pages } from '../embedded/pages.ts';
import { lotText } from '../embedded/lot-text.ts';
import { everyHost } from '../embedded/routes.ts';
import { sessionCookieName } from '../embedded/session-cookie.ts';
import { lots } from './draw.ts';
import { handedOver } from './newest.ts';
import { pageRoutes } from './pages.ts';
import {
  hasValue,
  logField,
  looksLike,
  setVars,
  streamPatience,
  type CaddyRoute,
  type Json,
} from './routes.ts';

/** Routes of a scope with what the log calls it and what sessions call its revisions. */
export interface NamedScope {
  key: string;
  routes: Routes;
  /** See `revisionToken`. */
  token: (revision: string) => string;
}

/** What holds for every app. */
export interface AppLimits {
  maxBodyBytes: number;
  responseTimeoutMs: number;
}

const sessionCookie = `{http.request.cookie.${sessionCookieName}}`;
/** Variables of a request: where it goes, the token of a session that begins here, and the session's id. */
const to = 'slipway_to';
const begun = 'slipway_begun';
const session = 'slipway_session';

/** The routes of all scopes; the one that takes every host comes last. */
export function tableRoutes(scopes: readonly NamedScope[], limits: AppLimits): CaddyRoute[] {
  const takesAll = ({ routes }: NamedScope) => routes.hosts.includes('*');
  return [...scopes.filter((one) => !takesAll(one)), ...scopes.filter(takesAll)].flatMap((scope) => {
    const hosts = everyHost(scope.routes).map(bare);
    if (hosts.length === 0) return [];
    const handle = [{ handler: 'subroute', routes: scopeRoutes(scope, limits) }];
    return [{ ...(takesAll(scope) ? {} : { match: [{ host: hosts }] }), handle, terminal: true }];
  });
}

/** An address as a host, as Caddy compares it. */
export function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function scopeRoutes(scope: NamedScope, limits: AppLimits): CaddyRoute[] {
  const { routes } = scope;
  if (routes.maintenance) return pageRoutes(pages.maintenance);
  return [
    ...(limits.maxBodyBytes > 0
      ? [{ handle: [{ handler: 'request_body', max_size: limits.maxBodyBytes }] }]
      : []),
    ...pinRoutes(routes),
    ...choices(scope),
    ...forgetCookie,
    askedStream,
    ...routes.revisions
      .filter(({ endpoints }) => endpoints.length > 0)
      .map((revision) => proxyRoute(scope, revision, limits)),
    ...pageRoutes(pages.pinnedAway, looksLike(to, '.')),
    ...pageRoutes(pages.notServing),
  ];
}

/** A preview host decides before a header, and a header before a cookie. */
function pinRoutes({ pins }: Routes): CaddyRoute[] {
  const ofKind = (kind: string) => pins.filter(({ by }) => by.kind === kind);
  return [...ofKind('host'), ...ofKind('header'), ...ofKind('cookie')].map(({ by, revision }) =>
    chosen(revision, pinMatch(by)),
  );
}

function pinMatch(by: Routes['pins'][number]['by']): Json {
  if (by.kind === 'host') return { host: [bare(by.host)] };
  if (by.kind === 'header') return { header: { [by.name]: [by.value] } };
  return hasValue(`{http.request.cookie.${by.name}}`, by.value);
}

function chosen(
  revision: string,
  match: Json | null,
  more: { vars?: Record<string, string>; handle?: Json[] } = {},
): CaddyRoute {
  return {
    group: 'slipway',
    ...(match ? { match: [match] } : {}),
    handle: [setVars({ [to]: revision, ...more.vars }), ...(more.handle ?? [])],
  };
}

/** Where a request goes that no pin looks at: with its session, or else by lot. */
function choices({ routes, token }: NamedScope): CaddyRoute[] {
  const drawn = lots(routes.revisions);
  const only = drawn[0];
  if (only === undefined) return [];
  if (drawn.length === 1 && !routes.sticky) return [chosen(only.id, null)];
  const known = drawn.map(({ id }) =>
    chosen(id, looksLike(sessionCookie, `^${token(id)}\\.([a-f0-9]{32})$`, 'slipway_known'), {
      vars: { [session]: '{http.regexp.slipway_known.1}' },
    }),
  );
  const lot = lotText(routes.revisions);
  const fresh = drawn.map(({ id, pattern }) =>
    chosen(id, pattern === '' ? null : looksLike('{http.request.uuid}', pattern), {
      vars: { [begun]: token(id) },
      handle: lot === '' ? [] : [logField('lot', lot)],
    }),
  );
  return [...known, ...fresh, ...sessionRoutes];
}

/**
 * A session that moves keeps its id; a new one gets the random id that its lot was drawn with. Who is pinned has none:
 * what testers meet says nothing of the revision that their session drew.
 */
const sessionRoutes: CaddyRoute[] = [
  {
    group: 'slipway_session',
    match: [
      {
        vars: { [session]: [''] },
        not: [{ vars: { [begun]: [''] } }],
        ...looksLike(sessionCookie, '^[A-Za-z0-9_-]{22}\\.([a-f0-9]{32})$', 'slipway_moved'),
      },
    ],
    handle: [setVars({ [session]: '{http.regexp.slipway_moved.1}' })],
  },
  {
    group: 'slipway_session',
    match: [
      {
        vars: { [session]: [''] },
        not: [{ vars: { [begun]: [''] } }],
        ...looksLike('{http.request.uuid}', '^(.{8})-(.{4})-(.{4})-(.{4})-(.{12})$', 'slipway_new'),
      },
    ],
    handle: [
      setVars({ [session]: [1, 2, 3, 4, 5].map((part) => `{http.regexp.slipway_new.${part}}`).join('') }),
    ],
  },
  {
    match: [looksLike(begun, '.')],
    handle: [
      {
        handler: 'headers',
        response: {
          add: {
            'Set-Cookie': [
              `${sessionCookieName}={http.vars.${begun}}.{http.vars.${session}}; Path=/; HttpOnly; SameSite=Lax`,
            ],
          },
        },
      },
    ],
  },
];

/** The router's cookie is no business of the app. */
const forgetCookie: CaddyRoute[] = [
  {
    match: [{ header: { Cookie: [`*${sessionCookieName}=*`] } }],
    handle: [
      {
        handler: 'headers',
        request: {
          replace: {
            Cookie: [
              { search_regexp: `;\\s*${sessionCookieName}=[^;]*`, replace: '' },
              { search_regexp: `^\\s*${sessionCookieName}=[^;]*(?:;\\s*)?`, replace: '' },
            ],
          },
        },
      },
    ],
  },
  {
    match: [{ header_regexp: { Cookie: { pattern: '^\\s*$' } } }],
    handle: [{ handler: 'headers', request: { delete: ['Cookie'] } }],
  },
];

/** An event stream may be silent for as long as it likes, also before its head: who leaves meanwhile says nothing of times. */
const askedStream: CaddyRoute = {
  match: [{ header: { Accept: ['*text/event-stream*'] } }],
  handle: [logField('stream', 'asked')],
};

function proxyRoute({ key }: NamedScope, { id, endpoints }: RouteRevision, limits: AppLimits): CaddyRoute {
  return {
    match: [hasValue(to, id)],
    handle: [
      logField('slipway', `${key} ${id}`),
      logField('session', `{http.vars.${session}}`),
      logField('agent', '{http.request.header.User-Agent}'),
      // Known only when the head of the app's answer has come.
      { handler: 'log_append', key: 'head', value: '{http.reverse_proxy.status_code}' },
      { handler: 'log_append', key: 'type', value: '{http.reverse_proxy.header.Content-Type}' },
      {
        handler: 'reverse_proxy',
        upstreams: endpoints.map(({ host, port }) => ({ dial: dialAddress(host, port) })),
        load_balancing: {
          selection_policy: { policy: 'round_robin' },
          retries: endpoints.length,
          try_interval: '10ms',
          // Only what was never sent is sent again.
          retry_match: [{ method: ['SLIPWAY-NEVER'] }],
        },
        transport: {
          protocol: 'http',
          dial_timeout: '3s',
          response_header_timeout: `${limits.responseTimeoutMs}ms`,
          compression: false,
          // Shorter than the app's own: many end an idle connection after 5 s.
          keep_alive: { idle_timeout: '2s', max_idle_conns_per_host: 512 },
        },
        headers: { request: { delete: [handedOver, 'X-Forwarded-Port', 'X-Real-Ip', 'Forwarded', 'Via'] } },
        stream_close_delay: streamPatience,
      },
    ],
    terminal: true,
  };
}

/** An address as Caddy dials it and names it in its counts. */
export function dialAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
