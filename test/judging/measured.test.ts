import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RolloutView } from '../../src/wiring/index.ts';
import { startRig, type Rig } from '../rig/index.ts';

describe('a canary is taken back by what was measured of it', () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig();
    await rig.shipAndWait('1.0.0');
  });
  afterAll(() => rig.close());

  const judged = async (judge: string): Promise<RolloutView> => {
    const { ship } = await rig.ship('1.1.0', { strategy: 'canary', judge: `{ undecided: hold, ${judge} }` });
    const named = async () => (await rig.client.getShip(ship)).rollouts[0]?.id;
    await expect.poll(named, { timeout: 120_000 }).toBeTruthy();
    return rig.rolloutEnds((await named()) ?? '');
  };
  const serves = async () => (await rig.rest()).serving?.title;

  it('as a command says that it does worse, beside the old revision', async () => {
    const script = 'case $SLIPWAY_REVISION in r1) echo 1;; *) test -f server.js && echo 9;; esac';
    const load = `{ name: load, command: '${script}', below: 5, every: 1s, failures: 2 }`;
    const { state, detail } = await judged(`metrics: [${load}]`);
    expect([state, detail]).toEqual([
      'failed',
      expect.stringContaining('load was 9 on the new revision, 1 on the old; it must be below 5') as string,
    ]);
    expect(await serves()).toBe('1.0.0 good');
  });

  it('as requests of Slipway itself fail on it, where no user comes', async () => {
    const request = "{ path: /, headers: { x-version: '1.0.0' } }";
    const { state, detail } = await judged(`probes: { per-minute: 600, requests: [${request}] }`);
    expect([state, detail]).toEqual([
      'failed',
      expect.stringMatching(
        /(\d+) of \1 of Slipway's own requests failed on the new revision, 0 of \d+ on the old/,
      ) as string,
    ]);
    expect(await serves()).toBe('1.0.0 good');
  });

  it('as it holds more memory than it may', async () => {
    const { state, detail } = await judged(
      'metrics: [{ resource: memory, below: 1M, every: 1s, failures: 2 }]',
    );
    expect([state, detail]).toEqual([
      'failed',
      expect.stringMatching(/memory was [\d,.]+ MiB on the new revision, [\d,.]+ MiB on the old/) as string,
    ]);
  });
});
