import { expect, test } from 'vitest';
import { choiceRules } from './choice-rules.ts';
import type { ConfigParts } from './config-parts.ts';
import { pathsIn } from './paths.ts';
import { firstShape } from './slots.ts';
import { usersSection } from './users.ts';

const parts: ConfigParts = {
  settings: {
    kind: 'haproxy',
    stateFile: '/s/routes',
    controlSocket: '/s/control',
    folder: '/s',
    listen: { host: '127.0.0.1', port: 8080 },
    tls: null,
    program: null,
    ownConfig: [],
    drainTimeoutMs: 1_000,
    responseTimeoutMs: 1_000,
    maxBodyBytes: 0,
    trustedProxies: [],
    acmeThumbprint: null,
  },
  paths: pathsIn('/s'),
  shape: firstShape,
  slots: [],
  certificates: [],
  damaged: false,
};

test('what is drawn says the backend and the lot at once, and a lot is told only to the log of who learns of it', () => {
  const fresh = 'if { var(txn.fresh) -m bool }';
  expect(choiceRules(parts)).toEqual([
    'http-request set-var(txn.drawn) rand(100),concat(:,txn.scope),map_str(/s/weights.map,slipway_notServing) if !{ var(txn.to) -m found }',
    'http-request set-var(txn.to) var(txn.drawn),field(1,/) if { var(txn.drawn) -m found }',
    `http-request set-var(txn.session) uuid,regsub(-,,g) ${fresh} !{ var(txn.session) -m found }`,
    `http-request set-var(txn.token) str(token:),concat(,txn.to),map_str(/s/facts.map) ${fresh}`,
    'http-request set-var(txn.lot) var(txn.drawn),field(2,/) if { var(txn.token) -m found }',
    'http-response add-header set-cookie "slipway_session=%[var(txn.token)].%[var(txn.session)]; Path=/; HttpOnly; SameSite=Lax" if { var(txn.token) -m found }',
  ]);
});

test('the log tells the session that the cookie carries, the lot, and what was asked for last', () => {
  const logged = usersSection(parts)
    .split('\n')
    .find((line) => line.includes('log-format'));
  expect(logged).toBe(
    '  log-format "request %lc %b %ST %ts %Ta %[var(txn.stream)] %[var(txn.session)] %ci %[var(txn.agent)] %[var(txn.lot)] %HM|%si:%sp|%[var(txn.failed)]"',
  );
});
