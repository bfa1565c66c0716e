import { expect, test } from 'vitest';
import type { Routes } from '../../delivery/index.ts';
import type { Certificate } from '../certificate-folder.ts';
import { exactly, literal } from './names.ts';
import { renderPart, serverLines } from './part.ts';
import { parseBusy } from './status.ts';

const routes: Routes = {
  scope: 'shop/production',
  hosts: ['shop.example.com'],
  revisions: [
    { id: 'r1', weightPercent: 90, endpoints: [{ instance: 'r1-web-1', host: '127.0.0.1', port: 3001 }] },
    { id: 'r2', weightPercent: 10, endpoints: [{ instance: 'r2-web-1', host: '::1', port: 3002 }] },
    { id: 'r3', weightPercent: 0, endpoints: [] },
  ],
  pins: [],
  sticky: false,
  maintenance: false,
  rateLimit: null,
};

function rendered(change: Partial<Routes> = {}, certificates: Certificate[] | null = null, isWhole = true) {
  const named = { key: 'k', routes: { ...routes, ...change }, token: (id: string) => `token-of-${id}` };
  return renderPart([named], {
    listen: '127.0.0.1:80',
    tls: certificates && { listen: '127.0.0.1:443', port: 443, certificates },
    isWhole,
    pagesFolder: '/pages',
    accessLog: '/log',
    statusSocket: '/status',
    closingFile: '/closing-1',
    responseTimeoutMs: 60_000,
    trustedProxies: [],
    acmeThumbprint: null,
    serverLines: serverLines({ maxBodyBytes: 0, trustedProxies: [] }),
  });
}

test('weights are drawn for new sessions, and a revision without a copy gets no upstream', () => {
  const text = rendered();
  expect(text).toContain(
    'split_clients "$request_id$slipway_token" $slipway_k_drawn {\n  90% "r1";\n  * "r2";\n}',
  );
  expect(text).toContain('upstream slipway_k_r2 {\n  server [::1]:3002 max_fails=0;');
  expect(text).not.toContain('upstream slipway_k_r3');
  expect(text).toContain('"~^token-of-r1$" "r1";');
});

test('whoever draws is logged with the lot, and where nothing is drawn no line has the field', () => {
  const text = rendered({ pins: [{ revision: 'r2', by: { kind: 'host', host: 'next.example.com' } }] });
  expect(text).toContain(
    'map "$slipway_k_set_cookie" $slipway_k_lot {\n  default "r1=90,r2=10";\n  "" "";\n}',
  );
  expect(text).toMatch(/log_format slipway_k .*\t\$http_user_agent\t\$slipway_failed\t\$slipway_k_lot';/);
  // Who is pinned has no session, by header and cookie or by host.
  expect(text).toContain('map "$slipway_k_pinned" $slipway_k_session {\n  default "";\n');
  expect(text).toMatch(
    /log_format slipway_k_r2 .*_type\t\t\$remote_addr\t\$http_user_agent\t\$slipway_failed';/,
  );
  const one = routes.revisions.slice(0, 1).map((each) => ({ ...each, weightPercent: 100 }));
  expect(rendered({ revisions: one, sticky: true })).not.toContain('_lot');
});

test('one place to go sets no cookie', () => {
  expect(
    rendered({ revisions: routes.revisions.slice(0, 1).map((one) => ({ ...one, weightPercent: 100 })) }),
  ).not.toContain('token-of-');
});

test('requests with one place to go pass by the maps; a pin, a share or a promise to remember brings them back', () => {
  const one = routes.revisions.map((each) => ({ ...each, weightPercent: each.id === 'r2' ? 100 : 0 }));
  const direct = rendered({ revisions: one });
  expect(direct).toContain('proxy_pass http://slipway_k_r2;');
  expect(direct).toContain('access_log /log slipway_k_r2 ');
  expect(direct).not.toContain('add_header Set-Cookie');
  const chosen = 'proxy_pass http://slipway_k_${slipway_k_to};';
  expect(direct).not.toContain(chosen);
  const by = { kind: 'header', name: 'X-Canary', value: 'yes' } as const;
  expect(rendered({ revisions: one, pins: [{ revision: 'r1', by }] })).toContain(chosen);
  expect(rendered({ revisions: one, sticky: true })).toContain(chosen);
  expect(rendered()).toContain(chosen);
});

test('a pin matches what it says and nothing else; one to nowhere is refused', () => {
  const text = rendered({
    pins: [
      { revision: 'r2', by: { kind: 'header', name: 'X-Canary', value: 'a.b' } },
      { revision: 'r3', by: { kind: 'cookie', name: 'tester', value: 'yes' } },
      { revision: 'r2', by: { kind: 'host', host: 'next.example.com' } },
    ],
  });
  expect(text).toContain('map "$http_x_canary" $slipway_k_pin0 {\n  default "";\n  "~^a\\.b$" "r2";\n}');
  expect(text).toContain('"~(?:^|;\\s*)tester=yes\\s*(?:;|$)" "!";');
  expect(text).toContain('server_name next.example.com;');
});

test('hosts with a certificate are served over TLS and redirected from clear text, others are not', () => {
  const certificate = { names: ['shop.example.com'], chainFile: '/c.pem', keyFile: '/c.pem' } as Certificate;
  const text = rendered({ hosts: ['shop.example.com', 'plain.example.com'] }, [
    { ...certificate, chain: '', key: '', expiresAtMs: 0 },
  ]);
  expect(text).toContain('return 308 https://$host$request_uri;');
  expect(text).toContain("ssl_certificate '/c.pem';");
  expect(text).toContain('ssl_reject_handshake on;');
  expect(text.match(/server_name plain\.example\.com;/g)).toHaveLength(1);
  expect(text.match(/server_name shop\.example\.com;/g)).toHaveLength(2);
});

test("in the user's own configuration no default server is ours, unless a scope takes every host", () => {
  expect(rendered({}, null, false)).not.toContain('default_server');
  expect(rendered({ hosts: ['*'] }, null, false)).toContain('listen 127.0.0.1:80 default_server;');
});

test('maintenance leaves no way to an app', () => {
  expect(rendered({ maintenance: true })).not.toContain('proxy_pass http');
});

test('text is quoted so that nginx reads it as it is, or not at all', () => {
  expect(literal("it's a \\ path")).toBe("'it\\'s a \\\\ path'");
  expect(() => literal('$host')).toThrow(RangeError);
  expect(exactly('a.b+c/d')).toBe('a\\.b\\+c\\/d');
});

test('what nginx is busy with leaves the question out', () => {
  expect(parseBusy('Active connections: 5 \nReading: 1 Writing: 3 Waiting: 1 \n')).toBe(3);
  expect(parseBusy('')).toBeNull();
});
