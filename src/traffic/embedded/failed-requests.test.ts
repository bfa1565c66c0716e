import { expect, test } from 'vitest';
import type { FailedRequest } from '../../delivery/index.ts';
import { FailedRequests } from './failed-requests.ts';

const failed = (atMs: number, path = '/'): FailedRequest => ({
  atMs,
  method: 'GET',
  path,
  status: 500,
  latencyMs: 3,
  copy: '127.0.0.1:20001',
});

test('keeps no query, and no more of a path than anybody reads', () => {
  const requests = new FailedRequests();
  requests.note(failed(1, '/reset?token=hunter2'));
  requests.note(failed(2, `/${'a'.repeat(400)}`));
  expect(requests.all().map(({ path }) => path)).toEqual(['/reset', `/${'a'.repeat(198)}…`]);
});

test('keeps the newest, also of what two processes kept', () => {
  const requests = new FailedRequests();
  for (let atMs = 0; atMs < 30; atMs += 2) requests.note(failed(atMs));
  requests.add(Array.from({ length: 15 }, (_, index) => failed(index * 2 + 1)));
  expect(requests.all().map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 10),
  );
});
