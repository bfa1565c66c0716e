import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRig, type Rig } from '../rig/index.ts';

const patienceMs = 2_000;

/** New visitors all the time, each of whom leaves when nothing comes for a while. */
class Visitors {
  left = 0;
  readonly statuses = new Set<number>();
  readonly #port: number;
  #open = true;

  constructor(port: number) {
    this.#port = port;
    void this.#come();
  }

  dismiss(): void {
    this.#open = false;
  }

  async #come(): Promise<void> {
    while (this.#open) {
      this.#visit();
      await sleep(30);
    }
  }

  #visit(): void {
    const outgoing = get({ host: '127.0.0.1', port: this.#port, agent: false }, (response) => {
      clearTimeout(patience);
      this.statuses.add(response.statusCode ?? 0);
      response.resume();
    });
    const patience = setTimeout(() => {
      this.left++;
      outgoing.destroy();
    }, patienceMs);
    outgoing.on('error', () => {});
  }
}

describe('a canary that never answers, whose users leave before any time-out', () => {
  let rig: Rig;
  let visitors: Visitors | undefined;

  beforeAll(async () => {
    rig = await startRig();
    await rig.shipAndWait('1.0.0');
  });
  afterAll(async () => {
    visitors?.dismiss();
    await rig.close();
  });

  it('is taken back for what they waited, and nobody counts as failed', async () => {
    visitors = new Visitors(rig.port);
    const judge = '{ warm-up: 1s }';
    const { ship } = await rig.ship('1.1.0', { strategy: 'canary', behaves: 'hangs-users', judge });
    const named = async () => (await rig.client.getShip(ship)).rollouts[0]?.id;
    await expect.poll(named, { timeout: 120_000 }).toBeTruthy();
    const { state, detail } = await rig.rolloutEnds((await named()) ?? '');
    expect([state, detail]).toEqual([
      'failed',
      expect.stringMatching(
        /(\d+) of \d+ sessions had to wait longer than [\d.]+ m?s after the warm-up on the new revision, .* odds against chance .* stopped at 50 %$/,
      ) as string,
    ]);
    expect((await rig.rest()).serving?.title).toBe('1.0.0 good');
    expect(visitors.left).toBeGreaterThan(0);
    expect([...visitors.statuses]).toEqual([200]);
  });
});
