import { expect, test } from 'vitest';
import { sessionHash } from '../embedded/session-hash.ts';
import { parseLogLine } from './log-line.ts';

function parse(line: string) {
  const bytes = Buffer.from(`before\n${line}\nbehind`);
  return parseLogLine(bytes, 7, 7 + Buffer.byteLength(line));
}

const left = (waitedMs: number | null) => ({ kind: 'abandoned', waitedMs });
const client = sessionHash('10.0.0.1', '1234');

test("a finished request tells its revision's backend, its session and how it ended", () => {
  expect(parse('request 7 v3 200 -- 12 - - 10.0.0.1 1234 -')).toEqual({
    counter: 7,
    slot: 3,
    session: client,
    outcome: { kind: 'answered', status: 200, latencyMs: 12, timed: true },
    lot: null,
    failed: null,
  });
  const session = 'ab'.repeat(16);
  expect(parse(`request 8 v3 500 -- 12 - ${session} 10.0.0.1 1234 -`)).toMatchObject({
    session: sessionHash(session),
  });
});

test('a request that drew for its session tells the lot, and any other none', () => {
  const session = 'ab'.repeat(16);
  const lotOf = (lot: string) => parse(`request 8 v3 200 -- 12 - ${session} 10.0.0.1 1234${lot}`);
  expect(lotOf(' r7=90,r8=10')).toMatchObject({ lot: 'r7=90,r8=10', session: sessionHash(session) });
  // The last is of a process that an older Slipway started.
  for (const none of [' -', ' ', '']) expect(lotOf(none)).toMatchObject({ lot: null });
});

test.each([
  ['an event stream', '200 -- 90000', 'stream', { kind: 'answered', timed: false }],
  ['an upgraded connection, however it ended', '101 SD 90000', '-', { kind: 'answered', timed: false }],
  ['a copy that refuses connections', '503 SC 9', '-', { kind: 'gateway-error', latencyMs: 9 }],
  ['a copy that is silent', '504 sH 9', '-', { kind: 'gateway-error' }],
  ['a response that broke off', '200 SD 9', '-', { kind: 'gateway-error' }],
  ['a response that nobody can read', '502 PH 9', '-', { kind: 'gateway-error' }],
  ['a client that left before the head', '400 CH 9', '-', left(9)],
  ['a client that left before a connection', '503 CC 9', '-', left(9)],
  ['a client that left its upload', '-1 CD 9', '-', left(9)],
  ['a client that left before a stream', '400 CH 9', 'stream', left(null)],
  ['a client that left within the body', '200 CD 9', '-', left(null)],
  ['a client that stopped reading', '200 cD 9', '-', left(null)],
  ['a client that stopped sending', '408 cH 9', '-', left(null)],
])('%s', (_name, middle, stream, outcome) => {
  expect(parse(`request 7 v3 ${middle} ${stream} - 10.0.0.1 1234 -`)).toMatchObject({ outcome });
});

test('a request that failed tells what was asked for, and of which copy', () => {
  const told = (status: string, asked: string) =>
    parse(`request 7 v3 ${status} 9 - - 10.0.0.1 1234 - ${asked}`) as { failed: unknown };
  expect(told('500 --', 'GET|127.0.0.1:1|/a|b').failed).toEqual({
    atMs: null,
    method: 'GET',
    path: '/a|b',
    status: 500,
    copy: '127.0.0.1:1',
  });
  expect(told('503 SC', 'PUT|-:-|/').failed).toMatchObject({ status: 503, copy: null });
  for (const [status, asked] of [
    ['200 --', 'GET|127.0.0.1:1|-'],
    ['200 SD', 'GET|127.0.0.1:1|-'],
    ['-1 CH', 'GET|127.0.0.1:1|-'],
  ] as const)
    expect(told(status, asked)).toMatchObject({ failed: null, counter: 7 });
});

test('a mark, and what is not ours', () => {
  expect(parse('mark /abc')).toEqual({ mark: '/abc' });
  for (const line of [
    '',
    'x',
    'request x v3 200 -- 12 - - 10.0.0.1 1234 -',
    'request 7 v3 200 -- 12 - - 10.0.0.1',
    'request 7 v3 200 -- 12 - - 10.0.0.1 1234 - - -',
    '<134>haproxy[1]: hello',
  ])
    expect(parse(line)).toBeUndefined();
});

test('what went to no revision has its number, too', () => {
  expect(parse('request 9 slipway_users 400 PR 0 - - 10.0.0.1 - -')).toMatchObject({ counter: 9, slot: NaN });
});
