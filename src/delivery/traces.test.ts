import { describe, expect, test } from 'vitest';
import type { Observed } from './observed.ts';
import { planEnvironment, type Decision } from './plan.ts';
import type { FailedRequest } from './ports.ts';
import { aCanary, aRequest } from './testing/builders.ts';
import { Stage } from './testing/stage.ts';
import { copiesToRead, endedCopies, failedRequests, takesBack, withTraces } from './traces.ts';

const failed = (atMs: number, copy: string | null = null): FailedRequest => ({
  atMs,
  method: 'GET',
  path: '/search',
  status: 500,
  latencyMs: 12,
  copy,
});
const traces = { requests: [failed(1, 'r2-web-1')], logTail: ['boom'], ends: [] };

/** A canary that users have. */
async function canary(replicas = 1) {
  const stage = await new Stage().serves(aRequest(1, 'good', { replicas }));
  const strategy = aCanary([50, 100], { kind: 'approval' });
  await stage.tick(['rollout', aRequest(2, 'good', { replicas, strategy })]);
  await stage.until(({ rollout }) => rollout?.phase.at === 'stepping' && rollout.phase.stage === 'holding');
  return stage;
}

function decide(stage: Stage, see: (observed: Observed) => void, signals: [string, object][] = []): Decision {
  const observed = stage.world.observe(stage.state);
  see(observed);
  const asked = signals.map(([name, payload], id) => ({ id, flowId: 'e', name, payload: payload as never }));
  return planEnvironment({ state: stage.state, signals: asked, observed, nowMs: 0 });
}

const wayBackOf = ({ events }: Decision) => events.find(({ type }) => type === 'rollout.reverting')?.data;
const abort: [string, object][] = [['abort', { rolloutId: null, by: 'ana' }]];

describe('what a candidate leaves that is taken back', () => {
  test('is told with its way back, and the lines with why it failed', async () => {
    const stage = await canary();
    stage.state.rollout!.failures = { 'r2-web-1': 3 };
    const decision = decide(stage, () => {});
    expect(takesBack(decision)).toBe(true);
    const told = withTraces(decision, traces);
    expect(wayBackOf(told)).toMatchObject({ rollout: 'ro-2', weightPercent: 50, ...traces });
    expect(told.state.rollout?.phase).toMatchObject({ cause: { outcome: 'failed', logTail: ['boom'] } });
  });

  test('a copy that fell ill keeps its own last lines', async () => {
    const stage = await canary();
    stage.state.rollout!.failures = { 'r2-web-1': 3 };
    const decision = decide(stage, ({ instances }) => {
      for (const copy of instances) copy.logTail = ['its own'];
    });
    expect(wayBackOf(withTraces(decision, traces))).toMatchObject({ logTail: ['its own'] });
  });

  test('what people stop needs no lines to say why, and still tells them', async () => {
    const decision = decide(await canary(), () => {}, abort);
    const told = withTraces(decision, traces);
    expect(wayBackOf(told)).toMatchObject(traces);
    expect(told.state.rollout?.phase).toMatchObject({ cause: { outcome: 'aborted', logTail: [] } });
  });

  test('is nothing before it has users', async () => {
    const stage = await new Stage().serves(aRequest(1, 'good'));
    await stage.tick(['rollout', aRequest(2, 'good')]);
    expect(takesBack(decide(stage, () => {}, abort))).toBe(false);
  });
});

describe('the requests that failed', () => {
  test('are the newest of the candidate alone, with the copy that had each', async () => {
    const stage = await canary();
    const observed = stage.world.observe(stage.state);
    const { host, port } = observed.instances.find(({ id }) => id === 'r2-web-1')!;
    for (const traffic of observed.routers['here']!.revisions)
      traffic.failures =
        traffic.id === 'r2'
          ? Array.from({ length: 12 }, (_, index) => failed(index, `${host}:${port}`))
          : [failed(99)];
    const requests = failedRequests(stage.state.rollout!, observed, 0);
    expect(requests.map(({ atMs }) => atMs)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(requests[0]?.copy).toBe('r2-web-1');
  });

  test('of what stood by before are those since it came back', async () => {
    const stage = await canary();
    const observed = stage.world.observe(stage.state);
    for (const traffic of observed.routers['here']!.revisions)
      traffic.failures = [failed(1_000), failed(9_000)];
    const rollout = { ...stage.state.rollout!, standing: true };
    rollout.underWay = { ...rollout.underWay, elapsedMs: 5_000 };
    expect(failedRequests(rollout, observed, 10_000).map(({ atMs }) => atMs)).toEqual([9_000]);
  });

  test('say whose log is read first', async () => {
    const stage = await canary(5);
    const observed = stage.world.observe(stage.state);
    const ids = (requests: FailedRequest[]) =>
      copiesToRead(stage.state.rollout!, observed, requests).map(({ id }) => id);
    expect(ids([])).toEqual(['r2-web-1', 'r2-web-2', 'r2-web-3']);
    expect(ids([failed(1, 'r2-web-3')])[0]).toBe('r2-web-3');
  });

  test('copies that ended by themselves are told, and those of others are not', async () => {
    const stage = await canary();
    const observed = stage.world.observe(stage.state);
    const copies = observed.instances.flatMap((copy) =>
      copy.revision === 'r1'
        ? [{ ...copy, restarts: 9 }]
        : [
            { ...copy, id: 'r2-web-1', phase: 'backoff' as const, restarts: 2, exitCode: 137 },
            { ...copy, id: 'r2-web-2', restarts: 1, exitCode: 1 },
            { ...copy, id: 'r2-web-3' },
          ],
    );
    expect(endedCopies(stage.state.rollout!, { ...observed, instances: copies })).toEqual([
      { copy: 'r2-web-1', times: 3, exitCode: 137 },
      { copy: 'r2-web-2', times: 1, exitCode: null },
    ]);
  });
});
