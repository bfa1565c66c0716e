import { expect, test } from 'vitest';
import { sessionHash } from '../embedded/session-hash.ts';
import { parseAccessLine } from './access-line.ts';

const usual = {
  key: 'k',
  revision: 'r1',
  connection: '7',
  ordinal: '3',
  status: '200',
  headerTime: '0.004',
  completion: 'OK',
  seconds: '0.012',
  type: 'text/html',
  session: 'abc',
  client: '192.0.2.1',
  agent: 'curl',
  failed: '-',
};
const stream = 'text/event-stream';
const left = (waitedMs: number | null) => ({ kind: 'abandoned', waitedMs });
const line = (change: Partial<typeof usual> = {}) => Object.values({ ...usual, ...change }).join('\t');
function parse(text: string, broken = false) {
  const bytes = Buffer.from(`before\n${text}\nbehind`);
  return parseAccessLine({ bytes, start: 7, end: 7 + Buffer.byteLength(text) }, () => broken);
}
const outcome = (change: Partial<typeof usual>, broken = false) =>
  parse(line(change), broken)?.request?.outcome;

test('a request with its place on its connection, its session and its time', () => {
  expect(parse(line())).toEqual({
    connection: 7,
    ordinal: 3,
    request: {
      key: 'k',
      revision: 'r1',
      session: sessionHash('abc'),
      outcome: { kind: 'answered', status: 200, latencyMs: 12, timed: true },
      lot: null,
      failed: null,
    },
    draws: false,
  });
  const without = parse(line({ session: '' }));
  expect(without?.request?.session).toBe(sessionHash('192.0.2.1', 'curl'));
});

test.each<[string, Partial<typeof usual>, boolean, object]>([
  ["the app's own 502", { status: '502' }, false, { kind: 'answered', status: 502 }],
  ["nginx's 502", { status: '502', headerTime: '-' }, false, { kind: 'gateway-error' }],
  ["nginx's 504 after another try", { status: '504', headerTime: '-, -' }, false, { kind: 'gateway-error' }],
  ['an answer after another try', { headerTime: '-, 0.002' }, false, { kind: 'answered' }],
  ['a response that broke off', {}, true, { kind: 'gateway-error' }],
  ['a client that left before the head', { status: '499', headerTime: '-', type: '' }, false, left(12)],
  ['a client that left before a stream', { status: '499', headerTime: '-', type: stream }, false, left(null)],
  ['a client that left within the body', { completion: '' }, false, left(null)],
  ['an event stream', { type: stream }, false, { kind: 'answered', timed: false }],
  ['a WebSocket', { status: '101' }, false, { kind: 'answered', status: 101, timed: false }],
])('%s', (_name, change, broken, expected) => {
  expect(outcome(change, broken)).toMatchObject(expected);
});

test('what went to no app is no request of a revision, and half a line is none at all', () => {
  expect(parse(line({ headerTime: '', status: '429' }))).toMatchObject({
    request: null,
  });
  expect(parse(line().slice(0, 20))).toBeUndefined();
  expect(parse(`${line()}\tr1=90,r2=10\tmore`)).toBeUndefined();
});

test('a request that drew says by which lot; one that did not, or of a scope where nothing is drawn, says none', () => {
  expect(parse(`${line()}\tr1=90,r2=10`)).toMatchObject({ request: { lot: 'r1=90,r2=10' }, draws: true });
  expect(parse(`${line()}\t`)).toMatchObject({ request: { lot: null }, draws: true });
  expect(parse(line())).toMatchObject({ request: { lot: null }, draws: false });
});

test('a request that failed tells what was asked for, and of which copy last', () => {
  const told = (failed: string, status = '500') => parse(line({ failed, status }))?.request?.failed;
  expect(told('1790000000.123 GET /a%20\\"b\\" 127.0.0.1:1')).toEqual({
    atMs: 1_790_000_000_123,
    method: 'GET',
    path: '/a%20"b"',
    status: 500,
    copy: '127.0.0.1:1',
  });
  expect(told('1790000000.123 PUT / 127.0.0.1:1, [::1]:2', '502')).toMatchObject({
    copy: '[::1]:2',
    status: 502,
  });
  expect(told('-')).toBeNull();
  expect(told('1790000000.123 GET / 127.0.0.1:1', '200')).toBeNull();
});
