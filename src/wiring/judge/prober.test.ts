import { describe, expect, test } from 'vitest';
import type { ProbingWish } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import type { CheckFailure, CheckQuestion } from '../machines/model.ts';
import { Prober } from './prober.ts';

const request = (path: string) => ({ path, status: 200, headers: {}, body: null, json: {} });
const wish: ProbingWish = {
  rollout: 'ro-8',
  probes: { perMinute: 1, requests: [request('/'), request('/cart')] },
  pins: { candidate: 'ro-8', stable: 'ro-8:stable' },
  places: [
    { machine: 'here', hosts: ['shop.example'] },
    { machine: 'deploy@b', hosts: ['shop.example'] },
  ],
};
const failed: CheckFailure = { why: 'it answered 500, not 200', logTail: [] };

function aProber(lots: boolean[], answer: (pin: string) => CheckFailure | null | Error = () => null) {
  const sent: string[] = [];
  const check = (machine: string, { at, check: { path } }: CheckQuestion) => {
    const pin = 'pin' in at ? at.pin : '';
    sent.push(`${path} of ${pin} at ${machine}`);
    const came = answer(pin);
    return came instanceof Error ? Promise.reject(came) : Promise.resolve(came);
  };
  const machines = { of: (name: string) => ({ check: (asked: CheckQuestion) => check(name, asked) }) };
  const draw = () => lots.shift() ?? false;
  const prober = new Prober({ machines: machines as never, draw });
  const send = async (times: number) => {
    for (let turn = 0; turn < times; turn++) await prober.send();
  };
  return { prober, sent, send };
}
const told = (prober: Prober) => {
  const traffic = prober.traffic();
  return traffic && [traffic.candidate, traffic.stable].map(({ sessions, failed: bad }) => [sessions, bad]);
};

describe('requests of Slipway itself', () => {
  test('are sent in turn, from every machine, each to whom its lot names', async () => {
    const { prober, sent, send } = aProber([true, false, false, true]);
    prober.want(wish);
    await send(4);
    expect(sent).toEqual([
      '/ of ro-8 at here',
      '/cart of ro-8:stable at here',
      '/ of ro-8:stable at deploy@b',
      '/cart of ro-8 at deploy@b',
    ]);
    expect(told(prober)).toEqual([
      [2, 0],
      [2, 0],
    ]);
    prober.want(null);
  });

  test('count as failed where they are not answered as they should be', async () => {
    const { prober, send } = aProber([true, true, false], (pin) => (pin === 'ro-8' ? failed : null));
    prober.want(wish);
    await send(3);
    expect(told(prober)).toEqual([
      [2, 2],
      [1, 0],
    ]);
    prober.want(null);
  });

  test('count for nobody when their machine is away', async () => {
    const away = new CodedError('wiring/machine-silent', 'deploy@b does not answer');
    const { prober, send } = aProber([true, false], () => away);
    prober.want(wish);
    await send(2);
    expect(told(prober)).toEqual([
      [0, 0],
      [0, 0],
    ]);
    prober.want(null);
  });

  test('are counted anew with every rollout and server, and not after a pause', async () => {
    const { prober, send } = aProber([true, true, true]);
    const epochs: (string | undefined)[] = [];
    prober.want(wish);
    await send(1);
    epochs.push(prober.traffic()?.epoch);
    prober.want(null);
    expect(prober.traffic()).toBeNull();
    prober.want(wish);
    epochs.push(prober.traffic()?.epoch);
    expect(told(prober)?.[0]).toEqual([1, 0]);
    prober.want({ ...wish, rollout: 'ro-9' });
    epochs.push(prober.traffic()?.epoch);
    expect(told(prober)?.[0]).toEqual([0, 0]);
    expect(epochs[0]).toBe(epochs[1]);
    expect(epochs[0]).not.toBe(epochs[2]);
    prober.want(null);
  });

  test('that can go to the candidate alone are counted apart, for no lot was drawn', async () => {
    const { prober, send } = aProber([false, false]);
    prober.want(wish);
    await send(1);
    const both = prober.traffic();
    prober.want({ ...wish, pins: { ...wish.pins, stable: null } });
    await send(1);
    const alone = prober.traffic();
    expect([both?.chance, alone?.chance, alone?.candidate.sessions]).toEqual([0.5, 1, 1]);
    expect(alone?.epoch).not.toBe(both?.epoch);
    prober.want(null);
  });

  test('are drawn evenly', async () => {
    const machines = { of: () => ({ check: () => Promise.resolve(null) }) };
    const prober = new Prober({ machines: machines as never });
    prober.want(wish);
    for (let turn = 0; turn < 2_000; turn++) await prober.send();
    // Eight standard deviations.
    expect(Math.abs((prober.traffic()?.candidate.sessions ?? 0) - 1_000)).toBeLessThan(180);
    prober.want(null);
  });
});
