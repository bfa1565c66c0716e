import { expect, test } from 'vitest';
import type { EnvironmentState, InstanceObservation, Observed, Rollout } from '../delivery/index.ts';
import { gatherTraces, type Gathering } from './gather-traces.ts';

const copy = (id: string) =>
  ({ id, revision: 'r2', process: 'web', host: '127.0.0.1', port: 20_001 }) as InstanceObservation;

const leaving = (...ids: string[]) => ({
  state: { scope: 'shop/production' } as EnvironmentState,
  rollout: {
    candidate: { id: 'r2', processes: [{ name: 'web', role: 'web' }] },
    standing: false,
  } as unknown as Rollout,
  observed: { instances: ids.map(copy), routers: { here: null } } as unknown as Observed,
  nowMs: 0,
});

const gathering = (
  readLog: (machine: string, id: string, lines: number) => Promise<string[]>,
  secretsOf: Gathering['secretsOf'] = () => Promise.resolve(['hunter2']),
): Gathering => ({
  placeOf: (_, machine) => ({ readLog: (__, id, lines) => readLog(machine, id, lines) }),
  secretsOf,
});

test('the lines of one copy are told as they are, without secrets', async () => {
  const traces = await gatherTraces(
    leaving('r2-web-1'),
    gathering((machine, id, lines) => Promise.resolve([`${machine} ${id} ${lines}`, 'with hunter2'])),
  );
  expect(traces).toEqual({ requests: [], logTail: ['here r2-web-1 20', 'with ***'], ends: [] });
});

test('those of several are told with their names, and one that cannot be read is left out', async () => {
  const traces = await gatherTraces(
    leaving('r2-web-1', 'r2-web-1@deploy@10.0.0.6'),
    gathering((machine, id, lines) =>
      machine === 'here' ? Promise.reject(new Error('away')) : Promise.resolve([`${id} ${lines}`]),
    ),
  );
  expect(traces.logTail).toEqual(['r2-web-1@deploy@10.0.0.6: r2-web-1 10']);
});

test('where secrets cannot be looked up, or a log never comes, nothing is told', async () => {
  const nothing = { requests: [], logTail: [], ends: [] };
  const lines = () => Promise.resolve(['hunter2']);
  const noKey = () => Promise.reject(new Error('no key'));
  expect(await gatherTraces(leaving('r2-web-1'), gathering(lines, noKey))).toEqual(nothing);
  const never = () => new Promise<never>(() => {});
  expect(await gatherTraces(leaving('r2-web-1'), gathering(never))).toEqual(nothing);
});
