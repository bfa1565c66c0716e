import { sessionCookieName } from '../embedded/session-cookie.ts';
import { onward, pageBackend } from './backends.ts';
import type { ConfigParts } from './config-parts.ts';
import { lotMark, ownFact } from './maps.ts';

const host = 'req.hdr(host),host_only,lower';
const ownCookie = `req.cook(${sessionCookieName})`;

/**
 * What an old process still gets on a kept connection goes to the new one as it came, which applies all rules to it. An
 * old process is told so by the loss of its facts; while HAProxy stops for good, it answers itself.
 */
export function onwardRules({ paths }: ConfigParts): string[] {
  const old = `{ stopping } !{ str(${ownFact}),map_str(${paths.maps.facts}) -m found }`;
  return [
    `http-request set-var(txn.to) str(${onward(false)}) if ${old}`,
    `http-request set-var(txn.to) str(${onward(true)}) if ${old} { ssl_fc }`,
    'http-request allow if { var(txn.to) -m found }',
  ];
}

/** TLS for hosts with a certificate: plain requests are sent there, and browsers told to stay. */
export function tlsRules(port: number, { paths }: ConfigParts): string[] {
  const shownPort = port === 443 ? '' : `:${port}`;
  const secure = ['{ ssl_fc }', '{ so_name onward-tls }', '{ var(txn.https) -m bool }'];
  return [
    ...secure.map((condition) => `http-request set-var(txn.secure) bool(true) if ${condition}`),
    `http-request set-var(txn.host) ${host}`,
    `http-request redirect location https://%[var(txn.host)]${shownPort}%[capture.req.uri] code 308 if { str(tls:),concat(,txn.host),map_str(${paths.maps.facts}) -m found } !{ var(txn.secure) -m bool } !{ path_beg /.well-known/acme-challenge/ }`,
    'http-request add-header x-forwarded-proto https if { var(txn.secure) -m bool } !{ var(txn.https) -m bool }',
    'http-after-response set-header strict-transport-security max-age=31536000 if { var(txn.secure) -m bool } !{ res.hdr(strict-transport-security) -m found }',
  ];
}

/**
 * A host that leads to one backend and nothing else, as on most days: its requests pass by all rules behind these. One
 * that carries a cookie of ours from another day does not, for the app must not see it.
 */
export function straightRules({ paths }: ConfigParts): string[] {
  return [
    `http-request set-var(txn.to) ${host},map_str(${paths.maps.hosts})`,
    `http-request set-var(txn.to) str(*),map_str(${paths.maps.hosts}) if !{ var(txn.to) -m found }`,
    `http-request allow if { var(txn.to) -m beg v } !{ ${ownCookie} -m found }`,
  ];
}

/** Who owns the host. Where it leads is a backend in `txn.to`; some of them only answer with a page. */
export function scopeRules({ paths, damaged }: ConfigParts): string[] {
  const { facts } = paths.maps;
  const unknown = '!{ var(txn.scope) -m found }';
  return [
    `http-request set-var(txn.host) ${host}`,
    'http-request set-var(txn.scope) var(txn.to) if { var(txn.to) -m found } !{ var(txn.to) -m beg v }',
    'http-request unset-var(txn.to) if { var(txn.scope) -m found }',
    `http-request set-var(txn.to) str(${pageBackend(damaged ? 'stateDamaged' : 'unknownHost')}) if ${unknown} !{ var(txn.to) -m found }`,
    `http-request set-var(txn.flags) str(flags:),concat(,txn.scope),map_str(${facts})`,
    `http-request set-var(txn.to) str(${pageBackend('maintenance')}) if { var(txn.flags) -m sub maintenance }`,
  ];
}

/** A preview host decides before a header, and a header before a cookie. */
export function pinRules({ paths, shape }: ConfigParts): string[] {
  const { facts } = paths.maps;
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
export function sessionRules({ paths }: ConfigParts): string[] {
  const { facts } = paths.maps;
  const sticky = '{ var(txn.flags) -m sub sticky } !{ var(txn.settled) -m bool }';
  return [
    `http-request set-var(txn.cookie) ${ownCookie} if ${sticky} { ${ownCookie} -m reg '^[A-Za-z0-9_-]{22}\\.[a-f0-9]{32}$' }`,
    'http-request set-var(txn.session) var(txn.cookie),field(2,.) if { var(txn.cookie) -m found }',
    `http-request set-var(txn.token) var(txn.cookie),field(1,.) if { var(txn.cookie) -m found }`,
    `http-request set-var(txn.to) str(session:),concat(,txn.token),map_str(${facts}) if { var(txn.token) -m found }`,
    'http-request unset-var(txn.token)',
    `http-request set-var(txn.fresh) bool(true) if ${sticky} !{ var(txn.to) -m found }`,
    // No business of the app.
    `http-request replace-header cookie '^${sessionCookieName}=[^;]*(?:;\\s*(.*))?$' '\\1' if { ${ownCookie} -m found }`,
    `http-request replace-header cookie '^(.*?);\\s*${sessionCookieName}=[^;]*(.*)$' '\\1\\2' if { ${ownCookie} -m found }`,
    'http-request del-header cookie if { req.hdr(cookie) -m len 0 }',
  ];
}

/**
 * A session without a home draws one, and is told. The log tells the lot only of those: one that does not learn where it
 * drew may go elsewhere the next time.
 */
export function choiceRules({ paths }: ConfigParts): string[] {
  const { facts, weights } = paths.maps;
  const fresh = '{ var(txn.fresh) -m bool }';
  const nothing = pageBackend('notServing');
  return [
    `http-request set-var(txn.drawn) rand(100),concat(:,txn.scope),map_str(${weights},${nothing}) if !{ var(txn.to) -m found }`,
    `http-request set-var(txn.to) var(txn.drawn),field(1,${lotMark}) if { var(txn.drawn) -m found }`,
    `http-request set-var(txn.session) uuid,regsub(-,,g) if ${fresh} !{ var(txn.session) -m found }`,
    `http-request set-var(txn.token) str(token:),concat(,txn.to),map_str(${facts}) if ${fresh}`,
    `http-request set-var(txn.lot) var(txn.drawn),field(2,${lotMark}) if { var(txn.token) -m found }`,
    `http-response add-header set-cookie "${sessionCookieName}=%[var(txn.token)].%[var(txn.session)]; Path=/; HttpOnly; SameSite=Lax" if { var(txn.token) -m found }`,
  ];
}
