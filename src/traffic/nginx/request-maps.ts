import { sessionCookieName } from '../embedded/session-cookie.ts';
import { map } from './names.ts';

/** What every scope reads from a request, whatever its routes. */
export function requestMaps(trustedProxies: readonly string[]): string[] {
  const cookie = `(?:^|;\\s*)${sessionCookieName}=`;
  return [
    // A session's token and id, when the cookie is of our making.
    map('$http_cookie', '$slipway_token', [
      ['default', '""'],
      [`"~${cookie}(?<slipway_t>[A-Za-z0-9_-]{22})\\.[a-f0-9]{32}(?:;|$)"`, '$slipway_t'],
    ]),
    map('$http_cookie', '$slipway_known', [
      ['default', '""'],
      [`"~${cookie}[A-Za-z0-9_-]{22}\\.(?<slipway_s>[a-f0-9]{32})(?:;|$)"`, '$slipway_s'],
    ]),
    map('$slipway_known', '$slipway_session', [
      ['default', '$slipway_known'],
      ['""', '$request_id'],
    ]),
    // The cookie is no business of the app.
    map('$http_cookie', '$slipway_cookie', [
      ['default', '$http_cookie'],
      [`"~^${sessionCookieName}=[^;]*(?:;\\s*(?<slipway_a>.*))?$"`, '$slipway_a'],
      [`"~^(?<slipway_b>.*?);\\s*${sessionCookieName}=[^;]*(?<slipway_c>.*)$"`, '"$slipway_b$slipway_c"'],
    ]),
    // HTTP/2 in clear text would let requests pass by the checks here.
    // Most requests ask for no other protocol: theirs is settled without a pattern.
    map('$http_upgrade', '$slipway_upgrade', [
      ['default', '$slipway_asked'],
      ['""', '""'],
    ]),
    map('$http_upgrade@$http_connection', '$slipway_asked', [
      ['default', '""'],
      ['"~*(?:^|,)\\s*(?:h2c?|http/2|tls)[^@]*@"', '""'],
      ['"~*^[^@]+@(?:.*,)?\\s*upgrade\\s*(?:,|$)"', '$http_upgrade'],
    ]),
    map('$slipway_upgrade', '$slipway_connection', [
      ['default', 'upgrade'],
      ['""', '""'],
    ]),
    // What may be silent for as long as it likes.
    map('$slipway_upgrade', '$slipway_long', [
      ['default', '1'],
      ['""', '$slipway_events'],
    ]),
    map('$http_accept', '$slipway_events', [
      ['default', '0'],
      ['""', '0'],
      ['"*/*"', '0'],
      ['"~text/event-stream"', '1'],
    ]),
    // For the log: what was answered, or else asked for.
    map('$upstream_http_content_type', '$slipway_type', [
      ['default', '$upstream_http_content_type'],
      ['""', '$slipway_asked_type'],
    ]),
    map('$slipway_events', '$slipway_asked_type', [
      ['default', '""'],
      ['1', 'text/event-stream'],
    ]),
    map('$http_accept', '$slipway_ending', [
      ['default', 'html'],
      ['"~*(?:text/html|\\*/\\*)"', 'html'],
      ['"~*application/(?:[\\w.+-]+\\+)?json"', 'json'],
    ]),
    ...forwardedMaps(trustedProxies),
    // Looked up when the answer is logged: only of errors is it told what was asked for, as it was before any error page.
    map('$request', '$slipway_asked_for', [
      ['default', '"- /"'],
      [
        '"~^(?<slipway_m>\\S+) (?:https?://[^/\\s]*)?(?<slipway_p>/[^?\\s]{0,200})"',
        '"$slipway_m $slipway_p"',
      ],
    ]),
    map('$status', '$slipway_failed', [
      ['default', '-'],
      ['"~^5"', '"$msec $slipway_asked_for $upstream_addr"'],
    ]),
    map('$upstream_http_strict_transport_security', '$slipway_hsts', [
      ['default', '""'],
      ['""', '"max-age=31536000"'],
    ]),
  ];
}

/** What an app is told of who asks, as nginx's variables. */
export function forwarded(trustedProxies: readonly string[]): { client: string; scheme: string } {
  return trustedProxies.length === 0
    ? { client: '$remote_addr', scheme: '$scheme' }
    : { client: '$slipway_forwarded_for', scheme: '$slipway_proto' };
}

/** Who the client is, by the word of proxies that are trusted; everyone else's word is replaced. */
function forwardedMaps(trustedProxies: readonly string[]): string[] {
  if (trustedProxies.length === 0) return [];
  return [
    `geo $realip_remote_addr $slipway_trusted {\n${['default 0', ...trustedProxies.map((one) => `${one} 1`)].map((line) => `  ${line};\n`).join('')}}`,
    map('$slipway_trusted@$http_x_forwarded_for', '$slipway_forwarded_for', [
      ['default', '$realip_remote_addr'],
      ['"~^1@."', '"$http_x_forwarded_for, $realip_remote_addr"'],
    ]),
    map('$slipway_trusted@$http_x_forwarded_proto', '$slipway_proto', [
      ['default', '$scheme'],
      ['1@https', 'https'],
    ]),
  ];
}
