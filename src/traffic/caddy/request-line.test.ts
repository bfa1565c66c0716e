import { expect, test } from 'vitest';
import { sessionHash } from '../embedded/session-hash.ts';
import { parseRequestLine } from './request-line.ts';

const request = { client_ip: '192.0.2.1', method: 'GET', host: 'shop.example.com', uri: 'a1b2c3d4' };
const usual = {
  msg: 'handled request',
  request,
  status: 200,
  duration: 0.012,
  slipway: 'k r1',
  session: 'abc',
  agent: 'curl',
  type: 'text/html',
  head: 200 as number | null | undefined,
  stream: undefined as string | undefined,
};
const left = (waitedMs: number | null) => ({ kind: 'abandoned', waitedMs });
const read = (change: Partial<Record<keyof typeof usual, unknown>> = {}, byApp = false) =>
  parseRequestLine(JSON.stringify({ ...usual, ...change }), () => byApp);

test('a request with its revision, its session and its time', () => {
  expect(read()).toEqual({
    kind: 'request',
    key: 'k',
    revision: 'r1',
    session: sessionHash('abc'),
    outcome: { kind: 'answered', status: 200, latencyMs: 12, timed: true },
    lot: null,
    failed: null,
  });
  expect(read({ lot: 'r1=90,r2=10' } as object)).toMatchObject({ lot: 'r1=90,r2=10' });
  expect(read({ session: null })).toMatchObject({ session: sessionHash('192.0.2.1', 'curl') });
});

test.each<[string, Partial<typeof usual>, boolean, object]>([
  ["the app's own 502", { status: 502, head: 502 }, false, { kind: 'answered', status: 502 }],
  ["Caddy's 502", { status: 502, head: null }, false, { kind: 'gateway-error' }],
  ['a body that is too large', { status: 413, head: null }, false, { kind: 'answered', status: 413 }],
  ['an answer that the app broke off', { head: undefined }, true, { kind: 'gateway-error' }],
  ['an answer that a client left', { head: undefined }, false, left(null)],
  ['a client that left before the head', { status: 499, head: null }, false, left(12)],
  ['a client that left before a stream', { status: 499, head: null, stream: 'asked' }, false, left(null)],
  ['an event stream', { type: 'text/event-stream' }, false, { kind: 'answered', timed: false }],
  ['a WebSocket', { status: 101, head: 101 }, false, { kind: 'answered', status: 101, timed: false }],
])('%s', (_name, change, byApp, outcome) => {
  expect(read(change, byApp)).toMatchObject({ outcome });
});

test.each([
  ['reading: unexpected EOF', true],
  ['reading: context canceled', false],
  ['writing: write unix @->@: broken pipe', false],
])('a break by %s', (error, byApp) => {
  expect(read({ msg: 'aborting with incomplete response', error } as object)).toEqual({
    kind: 'broken',
    request: '192.0.2.1 GET shop.example.com a1b2c3d4',
    byApp,
  });
});

test('what went to no app is not counted, and half a line is none at all', () => {
  expect(read({ slipway: undefined })).toEqual({ kind: 'other' });
  expect(parseRequestLine('{"msg":"handl', () => false)).toBeUndefined();
});
