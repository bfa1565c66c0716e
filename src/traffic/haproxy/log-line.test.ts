import { expect, test } from 'vitest';
import { sessionHash } from '../embedded/revision-counts.ts';
import { parseLogLine } from './log-line.ts';

const client = sessionHash('10.0.0.1', '1234');

test("a finished request tells its revision's backend, its session and how it ended", () => {
  expect(parseLogLine('41 7 v3 200 -- 12 10.0.0.1 - 1234 -')).toEqual({
    pid: 41,
    counter: 7,
    backend: 'v3',
    session: client,
    outcome: { kind: 'answered', status: 200, latencyMs: 12, timed: true },
  });
  const session = 'ab'.repeat(16);
  expect(parseLogLine(`41 8 v3 500 -- 12 10.0.0.1 ${session} 1234 -`)).toMatchObject({
    session: sessionHash(session),
  });
});

test.each([
  ['an event stream', '200 -- 90000', 'stream', { kind: 'answered', timed: false }],
  ['an upgraded connection, however it ended', '101 SD 90000', '-', { kind: 'answered', timed: false }],
  ['a copy that refuses connections', '503 SC 9', '-', { kind: 'gateway-error', latencyMs: 9 }],
  ['a copy that is silent', '504 sH 9', '-', { kind: 'gateway-error' }],
  ['a response that broke off', '200 SD 9', '-', { kind: 'gateway-error' }],
  ['a response that nobody can read', '502 PH 9', '-', { kind: 'gateway-error' }],
  ['a client that left', '-1 CH 9', '-', { kind: 'abandoned' }],
  ['a client that stopped reading', '200 cD 9', '-', { kind: 'abandoned' }],
])('%s', (_name, middle, stream, outcome) => {
  expect(parseLogLine(`41 7 v3 ${middle} 10.0.0.1 - 1234 ${stream}`)).toMatchObject({ outcome });
});

test('a mark, and what is not ours', () => {
  expect(parseLogLine('41 mark /abc')).toEqual({ mark: '/abc' });
  for (const line of ['', 'x', '41 x v3 200 -- 12 10.0.0.1 - 1234 -', '<134>haproxy[1]: hello'])
    expect(parseLogLine(line)).toBeUndefined();
});
