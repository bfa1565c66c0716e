import { expect, test } from 'vitest';
import { countInFlight, type KnownRevision } from './in-flight.ts';
import { kernelAddress } from '../agent/connections.ts';
import type { WorkerConnections } from './workers.ts';

const at = (host: string, port: number) => kernelAddress(host, port);
const r1: KnownRevision = {
  scope: 's',
  revision: 'r1',
  weightPercent: 0,
  routed: true,
  addresses: new Set([at('127.0.0.1', 8001)]),
};
const r2: KnownRevision = {
  ...r1,
  revision: 'r2',
  weightPercent: 100,
  addresses: new Set([at('::1', 8002)]),
};
const client = { localPort: 80, remote: at('127.0.0.1', 50_000) };
const toR1 = { localPort: 40_000, remote: at('127.0.0.1', 8001) };
const toR2 = { localPort: 40_001, remote: at('::1', 8002) };

function counted(workers: Omit<WorkerConnections, 'pid'>[], busy: number | null) {
  const moment = { workers: workers.map((one, pid) => ({ pid, ...one })), busy, listenPorts: new Set([80]) };
  return Object.fromEntries(countInFlight(moment, [r1, r2]).map(({ revision, count }) => [revision, count]));
}

test('addresses are written as the kernel lists them', () => {
  expect(at('127.0.0.1', 8080)).toBe('0100007F:1F90');
  expect(at('::1', 80)).toBe('00000000000000000000000001000000:0050');
  expect(at('2001:db8::ff00:42:8329', 1)).toBe('B80D01200000000000FF000029834200:0001');
  expect(() => at('localhost', 80)).toThrow(RangeError);
});

test('a connection to a copy counts for its revision, up to what nginx is busy with', () => {
  const workers = [{ leaving: false, connections: [client, client, toR1, toR2, toR2] }];
  expect(counted(workers, 3)).toEqual({ r1: 1, r2: 2 });
  expect(counted(workers, 1)).toEqual({ r1: 1, r2: 1 });
  expect(counted(workers, 0)).toEqual({});
  expect(counted(workers, null)).toEqual({ r1: 1, r2: 2 });
});

test('clients of a leaving worker that have not said what they want hold every drain', () => {
  const leaving = { leaving: true, connections: [client, client, toR2] };
  expect(counted([leaving], 1)).toEqual({ r1: 1, r2: 1 });
  expect(counted([{ ...leaving, connections: [client, toR2] }], 1)).toEqual({ r2: 1 });
  expect(counted([{ leaving: false, connections: [client, client] }], 0)).toEqual({});
});
