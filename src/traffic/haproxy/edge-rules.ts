import type { AgentSettings } from '../agent/settings.ts';

/** What HAProxy's own strict parser lets pass though two servers could read it differently, and what is too large. */
export function refusals({ maxBodyBytes }: AgentSettings): string[] {
  return [
    'http-request deny deny_status 405 if METH_CONNECT',
    'http-request deny deny_status 400 if HTTP_1.0 { req.hdr(transfer-encoding) -m found }',
    'http-request deny deny_status 400 if HTTP_1.1 !{ req.hdr(host) -m found }',
    ...(maxBodyBytes > 0
      ? [`http-request deny deny_status 413 if { req.body_size gt ${maxBodyBytes} }`]
      : []),
    // HTTP/2 in clear text would let requests pass by these rules.
    'http-request del-header upgrade if { req.hdr(upgrade) -i -m beg h2 }',
    'http-request del-header http2-settings',
  ];
}

/** The authority's questions for certificates of ours; whoever asks gets the same answer, which gives nothing away. */
export function challengeRules({ acmeThumbprint }: AgentSettings): string[] {
  if (acmeThumbprint === null) return [];
  return [
    `http-request return status 200 content-type text/plain lf-string "%[path,field(4,/)].${acmeThumbprint}" if METH_GET { path_reg ^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$ }`,
  ];
}

/** How deep a chain of trusted proxies is followed. */
const trustedHops = 3;

/** Who the client is; X-Forwarded-* of anyone who is not trusted is dropped. */
export function originRules({ trustedProxies }: AgentSettings): string[] {
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

/** What the app is told besides, and what the request log needs. */
export function forwardingRules(): string[] {
  return [
    'http-request add-header x-forwarded-proto http if !{ var(txn.secure) -m bool } !{ var(txn.https) -m bool }',
    'http-request add-header x-forwarded-host %[req.hdr(host)]',
    'http-request set-var(txn.stream) str(stream) if { req.hdr(accept) -m sub text/event-stream }',
    'http-request set-var(txn.agent) req.fhdr(user-agent),crc32c',
  ];
}
