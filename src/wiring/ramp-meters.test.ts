import { expect, test } from 'vitest';
import { judgeLevels, type MetricDefinition } from '../app/index.ts';
import { beginRamp } from '../flags/index.ts';
import { Meter } from './judge/meter.ts';
import { layoutOf } from './layout.ts';
import { RampMeters } from './ramp-meters.ts';

const metric: MetricDefinition = {
  name: 'slow-orders',
  source: { kind: 'command', command: 'case $variant in on) echo 9;; off) echo 2;; esac', timeoutMs: 10_000 },
  below: null,
  above: null,
  times: 1.5,
  intervalMs: 50,
  failures: 3,
};

test('a metric is read for those with the variant and for those without', async () => {
  const ramp = beginRamp(
    { id: 'ramp-1', flag: 'cart', variant: 'on', steps: [10, 100], holdMs: 1_000, by: 'ana' },
    {
      document: {
        flags: { cart: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } },
      },
      version: 1,
      rules: { ...judgeLevels.balanced, metrics: [metric] },
      release: 'sha256:1',
      baseline: null,
      nowMs: 0,
    },
  );
  const machines = {
    of: () => {
      throw new Error('no machine is asked');
    },
  };
  const filesOf = () => Promise.resolve('/');
  const meters = new RampMeters(
    { machines, path: '/usr/bin:/bin', layout: layoutOf('/nowhere') },
    (scope, { path }) => new Meter({ scope, machines, path, filesOf, nowMs: () => performance.now() }),
  );
  await expect
    .poll(() => meters.look('shop/production', ramp)[metric.name], { timeout: 30_000 })
    .toMatchObject({ candidate: 9, stable: 2, trouble: null });
  meters.forget(ramp);
});
