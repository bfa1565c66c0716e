import { expect, test } from 'vitest';
import { parseAccessLine } from './access-line.ts';

const line = (more: object) =>
  JSON.stringify({
    ClientHost: '127.0.0.1',
    DownstreamStatus: 200,
    OriginStatus: 200,
    Duration: 12_400_000,
    RequestCount: 7,
    ServiceName: 'slipway-a-b@file',
    origin_Date: 'Sun, 22 Nov 2026 12:04:33 GMT',
    ...more,
  });
const outcome = (more: object) => parseAccessLine(line(more))?.request?.outcome;

test('an answer is told with its service, its number and whole milliseconds', () => {
  expect(parseAccessLine(line({}))).toMatchObject({
    number: 7,
    mark: null,
    request: {
      service: 'slipway-a-b',
      outcome: { kind: 'answered', status: 200, latencyMs: 12, timed: true },
    },
  });
});

test("the app's own errors are told from Traefik's, which have no date", () => {
  const silent = { DownstreamStatus: 504, OriginStatus: 504, origin_Date: undefined };
  expect(outcome({ DownstreamStatus: 502, OriginStatus: 502 })).toMatchObject({ kind: 'answered' });
  expect(outcome(silent)).toEqual({ kind: 'gateway-error', latencyMs: 12 });
});

test('who leaves, or an answer that breaks off, is no error; streams and upgrades have no length', () => {
  const gone = { DownstreamStatus: 499, OriginStatus: 499 };
  expect(outcome({ ...gone, origin_Date: undefined })).toEqual({ kind: 'abandoned', waitedMs: 12 });
  expect(outcome(gone)).toEqual({ kind: 'abandoned', waitedMs: null });
  expect(outcome({ OriginStatus: 0 })).toEqual({ kind: 'abandoned', waitedMs: null });
  expect(outcome({ 'origin_Content-Type': 'text/event-stream' })).toMatchObject({ timed: false });
  expect(outcome({ DownstreamStatus: 101, OriginStatus: 101 })).toMatchObject({ timed: false });
});

test('marks and what went to no revision are told apart, and half a line is none', () => {
  expect(parseAccessLine(line({ 'request_X-Slipway-Mark': 'm1', ServiceName: undefined }))).toEqual({
    number: 7,
    mark: 'm1',
    request: null,
  });
  expect(parseAccessLine(line({}).slice(0, -5))).toBeUndefined();
  expect(parseAccessLine('{}')).toBeUndefined();
});
