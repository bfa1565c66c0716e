import type { IncomingMessage } from 'node:http';

/** A request's head, checked, with the headers that go on to the app. */
export interface RequestHead {
  kind: 'request';
  /** Lower case, without port; empty when an HTTP/1.0 client named none. */
  host: string;
  /** Origin form: `/path?query`. */
  path: string;
  /** Name, value, name, value: end-to-end headers only, ready for the app. */
  headers: string[];
  hasBody: boolean;
  cookie: string;
  userAgent: string;
  accept: string;
  /** The client said `TE: trailers`. */
  wantsTrailers: boolean;
  forwardedFor: string;
  /** Protocol the client used, by a trusted proxy's word; else http. */
  forwardedProto: string;
  /** Value of Upgrade when Connection names it. */
  upgrade: string;
}

/** A request that is answered 400 and whose connection ends, since its length cannot be trusted. */
export interface BadRequest {
  kind: 'bad';
  reason: string;
}

/** Headers that need a look. All others go on as they are. */
const special = new Map<string, (draft: Draft, value: string, name: string) => void>([
  ['host', (draft, value) => void (draft.hosts++, (draft.hostValue = value))],
  ['content-length', (draft, value, name) => readContentLength(draft, value, name)],
  ['transfer-encoding', (draft, value) => void (draft.encodings++, (draft.encoding = value))],
  ['connection', (draft, value) => readConnection(draft, value)],
  ['upgrade', (draft, value) => void (draft.head.upgrade = value)],
  ['te', (draft, value) => void (draft.head.wantsTrailers = /(^|,)\s*trailers\s*(,|$)/i.test(value))],
  ['cookie', (draft, value) => void (draft.head.cookie = joined(draft.head.cookie, value, '; '))],
  ['user-agent', (draft, value, name) => keep(draft, name, (draft.head.userAgent = value))],
  ['accept', (draft, value, name) => keep(draft, name, (draft.head.accept = value))],
  [
    'x-forwarded-for',
    (draft, value) => void (draft.head.forwardedFor = joined(draft.head.forwardedFor, value, ', ')),
  ],
  ['x-forwarded-proto', (draft, value) => void (draft.head.forwardedProto = value)],
  // Dropped: hop-by-hop, answered by the router itself, or for the router alone to state.
  ...[
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'proxy-authorization',
    'trailer',
    'expect',
    'http2-settings',
    'forwarded',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-server',
    'x-real-ip',
  ].map((name): [string, () => void] => [name, () => {}]),
]);

interface Draft {
  head: RequestHead;
  hosts: number;
  hostValue: string;
  lengths: number;
  length: string;
  encodings: number;
  encoding: string;
  named: string[];
}

/** Host names, IPv4 and bracketed IPv6, with an optional port. */
const hostPattern = /^(?:[A-Za-z0-9._~%!$&'()*+,;=-]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/**
 * Reads and checks a head. What any two parsers could read differently is refused rather than repaired:
 * two Hosts, two lengths, a length beside an encoding, an encoding other than chunked.
 *
 * @see RFC 9112, sections 3.2 and 6.3 (request smuggling)
 */
export function readRequestHead(request: IncomingMessage): RequestHead | BadRequest {
  const draft = newDraft();
  const raw = request.rawHeaders;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const reader = special.get(name.toLowerCase());
    if (reader) reader(draft, value, name);
    else draft.head.headers.push(name, value);
  }
  const problem = problemIn(draft, request);
  if (problem !== undefined) return { kind: 'bad', reason: problem };
  if (draft.named.length > 0) dropNamed(draft);
  return takeTarget(draft, request);
}

function newDraft(): Draft {
  return {
    head: {
      kind: 'request',
      host: '',
      path: '',
      headers: [],
      hasBody: false,
      cookie: '',
      userAgent: '',
      accept: '',
      wantsTrailers: false,
      forwardedFor: '',
      forwardedProto: '',
      upgrade: '',
    },
    hosts: 0,
    hostValue: '',
    lengths: 0,
    length: '',
    encodings: 0,
    encoding: '',
    named: [],
  };
}

function keep(draft: Draft, name: string, value: string): void {
  draft.head.headers.push(name, value);
}

function readContentLength(draft: Draft, value: string, name: string): void {
  draft.lengths++;
  draft.length = value;
  keep(draft, name, value);
}

function readConnection(draft: Draft, value: string): void {
  if (value === 'keep-alive' || value === 'close') return;
  for (const part of value.split(',')) {
    const token = part.trim().toLowerCase();
    if (token !== '' && token !== 'keep-alive' && token !== 'close') draft.named.push(token);
  }
}

function problemIn(draft: Draft, request: IncomingMessage): string | undefined {
  if (draft.hosts > 1) return 'more than one Host header';
  if (draft.hosts === 0 && request.httpVersionMinor > 0) return 'no Host header';
  if (!hostPattern.test(draft.hostValue)) return 'the Host header is not a host name';
  if (draft.lengths > 1) return 'more than one Content-Length header';
  if (draft.lengths === 1 && !/^\d{1,15}$/.test(draft.length)) return 'Content-Length is not a number';
  if (draft.encodings === 0) return undefined;
  if (draft.lengths > 0) return 'both Content-Length and Transfer-Encoding';
  if (draft.encodings > 1 || draft.encoding.toLowerCase() !== 'chunked')
    return 'a Transfer-Encoding other than chunked';
  return request.httpVersionMinor === 0 ? 'Transfer-Encoding in an HTTP/1.0 request' : undefined;
}

/** Headers that Connection names end here, except for the one that frames the body. */
function dropNamed(draft: Draft): void {
  const { head, named } = draft;
  if (!named.includes('upgrade')) head.upgrade = '';
  const kept: string[] = [];
  for (let index = 0; index < head.headers.length; index += 2) {
    const name = head.headers[index] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'content-length' || !named.includes(lower)) kept.push(name, head.headers[index + 1] ?? '');
  }
  head.headers = kept;
  if (named.includes('cookie')) head.cookie = '';
}

function takeTarget(draft: Draft, request: IncomingMessage): RequestHead | BadRequest {
  const { head } = draft;
  let authority = draft.hostValue;
  head.path = request.url ?? '/';
  if (!head.path.startsWith('/')) {
    const match = /^https?:\/\/([^/?#@]+)([/?].*)?$/i.exec(head.path);
    if (!match?.[1] || !hostPattern.test(match[1])) {
      if (head.path === '*' && request.method === 'OPTIONS') return finishHead(draft, authority);
      return { kind: 'bad', reason: 'the request target is neither a path nor an http address' };
    }
    // The target's own authority replaces Host (RFC 9112, section 3.2.2).
    authority = match[1];
    const rest = match[2] ?? '/';
    head.path = rest.startsWith('/') ? rest : `/${rest}`;
  }
  return finishHead(draft, authority);
}

function finishHead(draft: Draft, authority: string): RequestHead {
  const { head } = draft;
  const colon = authority.startsWith('[')
    ? authority.indexOf(':', authority.indexOf(']'))
    : authority.indexOf(':');
  head.host = (colon < 0 ? authority : authority.slice(0, colon)).toLowerCase();
  head.hasBody = draft.encodings > 0 || (draft.lengths > 0 && Number(draft.length) > 0);
  if (authority !== '') head.headers.push('host', authority, 'x-forwarded-host', authority);
  return head;
}

function joined(before: string, value: string, separator: string): string {
  return before === '' ? value : before + separator + value;
}
