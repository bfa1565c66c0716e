import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MetricWish } from '../../delivery/index.ts';
import type { Gauge, Measured } from './gauge.ts';
import { Meter } from './meter.ts';

const place = { scope: 'shop/production', path: '', nowMs: () => 0 } as never;
const wish = (more: Partial<MetricWish> = {}): MetricWish => ({
  rollout: 'ro-8',
  metric: {
    name: 'queue',
    source: { kind: 'http', url: 'http://shop/$revision', json: '' },
    below: 5,
    above: null,
    times: null,
    intervalMs: 1_000,
    failures: 3,
  },
  candidate: { id: 'r8', copies: [] },
  stable: { id: 'r7', copies: [] },
  ...more,
});

/** A gauge that says what it is told to, by revision. */
class FakeGauge implements Gauge {
  timeoutMs = 5_000;
  tellsApart = true;
  asked: string[] = [];
  says: Record<string, () => Promise<Measured | null>> = {};
  under = 0;
  most = 0;

  async read({ id }: { id: string }): Promise<Measured | null> {
    this.asked.push(id);
    this.most = Math.max(this.most, ++this.under);
    try {
      return await (this.says[id] ?? (() => Promise.resolve({ value: Number(id.slice(1)) })))();
    } finally {
      this.under -= 1;
    }
  }
}

const meterOf = (gauge: Gauge) => new Meter(place, () => gauge);

describe('a metric', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('is read at once, of both revisions, and each reading has an id of its own', async () => {
    const meter = meterOf(new FakeGauge());
    meter.want([wish()]);
    await pass(0);
    const first = meter.readings()['queue'];
    expect(first).toMatchObject({ candidate: 8, stable: 7, trouble: null });
    const again = meterOf(new FakeGauge());
    again.want([wish()]);
    await pass(0);
    expect(again.readings()['queue']?.id).not.toBe(first?.id);
    meter.want([]);
    again.want([]);
  });

  test.each<[string, () => Promise<Measured>, string]>([
    ['says why', () => Promise.resolve({ trouble: 'no series' }), 'no series'],
    ['fails', () => Promise.reject(new Error('it is away')), 'it is away'],
    ['never answers', () => new Promise(() => {}), 'its source has not answered within 5s'],
  ])('whose source %s has no value, and tells the trouble', async (_, says, trouble) => {
    const gauge = new FakeGauge();
    gauge.says['r8'] = says;
    const meter = meterOf(gauge);
    meter.want([wish()]);
    await pass(5_000);
    expect(meter.readings()['queue']).toMatchObject({ candidate: null, stable: 7, trouble });
    meter.want([]);
  });

  test('of which the stable revision tells nothing is told all the same', async () => {
    const gauge = new FakeGauge();
    gauge.says['r7'] = () => Promise.resolve({ trouble: 'no series' });
    const meter = meterOf(gauge);
    meter.want([wish()]);
    await pass(0);
    expect(meter.readings()['queue']).toMatchObject({ candidate: 8, stable: null, trouble: null });
    meter.want([]);
  });

  test('that is the same for every revision is compared with nothing', async () => {
    const gauge = new FakeGauge();
    gauge.tellsApart = false;
    const meter = meterOf(gauge);
    meter.want([wish()]);
    await pass(0);
    expect([meter.readings()['queue']?.stable, gauge.asked]).toEqual([null, ['r8']]);
    meter.want([]);
  });

  test('that has only begun to be counted has no reading', async () => {
    const gauge = new FakeGauge();
    gauge.says['r8'] = () => Promise.resolve(null);
    const meter = meterOf(gauge);
    meter.want([wish()]);
    await pass(0);
    expect(meter.readings()).toEqual({});
    meter.want([]);
  });
});

test('readings go on one after the other until nobody wants them, and are dropped then', async () => {
  const gauge = new FakeGauge();
  const meter = meterOf(gauge);
  const often = wish({ stable: null });
  often.metric.intervalMs = 5;
  meter.want([often]);
  meter.want([often]);
  await expect.poll(() => gauge.asked.length).toBeGreaterThan(3);
  meter.want([{ ...often, candidate: { id: 'r9', copies: [] } }]);
  await expect.poll(() => meter.readings()['queue']?.candidate).toBe(9);
  expect(gauge.most).toBe(1);
  meter.want([{ ...often, rollout: 'ro-9' }]);
  expect(meter.readings()).toEqual({});
  meter.want([]);
  const asked = gauge.asked.length;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(gauge.asked.length).toBe(asked);
});
