import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Claim, Transition } from '../../src/flow/index.ts';
import { currentOwner, type Store } from '../../src/store/index.ts';
import { deadOwner, distantOwner, StoreWorld, type FakeClock, type MakePlace } from './store-world.ts';

const leaseMs = 10_000;

function transition(changes: Partial<Transition> = {}): Transition {
  return { phase: 'next', data: {}, wakeAtMs: null, events: [], consumed: [], ...changes };
}

/** What every database must do for flows. */
export function describeFlowStore(name: string, makePlace: MakePlace): void {
  describe(`flows on ${name}`, () => {
    let world: StoreWorld;
    let store: Store;
    let clock: FakeClock;

    beforeEach(async () => {
      world = await StoreWorld.make(makePlace);
      ({ store, clock } = await world.open(currentOwner('a')));
    });
    afterEach(() => world.end());

    const create = (id: string, wakeAtMs: number | null = 0) =>
      store.flows.create({ id, kind: 'run', phase: 'new', data: { n: 1 }, wakeAtMs });
    const claim = (from = store, nowMs = clock.wall) => from.flows.claim('a', nowMs, leaseMs);
    const claimed = async (from = store) => {
      const result = await claim(from);
      if (!result) throw new Error('nothing to claim');
      return result;
    };
    const commit = (held: Claim, changes: Partial<Transition> = {}, from = store) =>
      from.flows.commit(held, transition(changes), clock.wall);

    it('keeps what was created, and leaves a flow that exists as it is, without its events', async () => {
      const seed = { id: 'f', kind: 'run', phase: 'new', data: { z: 1, a: ['ü', null] }, wakeAtMs: 12 };
      await store.flows.create(seed, [{ chain: 'c', type: 'made', actor: 'ana', data: {} }]);
      await store.flows.create({ ...seed, phase: 'other' }, [
        { chain: 'c', type: 'made', actor: 'ana', data: {} },
      ]);
      expect(await store.flows.get('f')).toEqual({ ...seed, fence: 0, done: false });
      expect(await store.flows.get('g')).toBeNull();
      expect(await store.events.list()).toHaveLength(1);
    });

    it('lists by kind and by whether it is done', async () => {
      await create('b');
      await store.flows.create({ id: 'a', kind: 'environment', phase: 'new', data: null, wakeAtMs: null });
      const ids = async (filter?: Parameters<Store['flows']['list']>[0]) =>
        (await store.flows.list(filter)).map((flow) => flow.id);
      expect(await ids()).toEqual(['a', 'b']);
      expect(await ids({ kind: 'run' })).toEqual(['b']);
      await commit(await claimed(), { done: true });
      expect(await ids({ done: true })).toEqual(['b']);
      expect(await ids({ done: false, kind: 'environment' })).toEqual(['a']);
    });

    it('claims a flow when its time has come, not before', async () => {
      await create('f', clock.wall + 500);
      expect(await claim()).toBeNull();
      clock.pass(500);
      expect((await claimed()).flow).toMatchObject({ id: 'f', fence: 1, data: { n: 1 } });
    });

    it('claims a flow at once that was put off by a clock which was set back since', async () => {
      clock.wall += 7_200_000;
      for (const id of ['f', 'g', 'h']) await create(id, clock.wall + 500);
      await create('waits for a signal', null);
      clock.pass(500);
      await store.flows.release(await claimed(), clock.wall + 500);
      await commit(await claimed(), { wakeAtMs: clock.wall + 500 });
      expect((await claimed()).flow.id).toBe('h');
      expect(await claim()).toBeNull();
      clock.wall -= 7_200_000;
      const [one, other] = [await claimed(), await claimed()];
      expect([one.flow.id, other.flow.id].toSorted()).toEqual(['f', 'g']);
      await commit(one, { wakeAtMs: clock.wall + 500 });
      expect(await claim()).toBeNull();
      clock.pass(500);
      expect((await claimed()).flow.id).toBe(one.flow.id);
    });

    it('wakes a flow without a time by a signal only', async () => {
      await create('f', null);
      clock.pass(1e9);
      expect(await claim()).toBeNull();
      await store.flows.signal('f', 'approve', { by: 'ana' });
      expect((await claimed()).signals).toMatchObject([
        { flowId: 'f', name: 'approve', payload: { by: 'ana' } },
      ]);
    });

    it('gives a flow to one owner at a time', async () => {
      await create('f');
      const other = await world.open(currentOwner('b'));
      await claimed();
      expect(await claim()).toBeNull();
      expect(await claim(other.store)).toBeNull();
    });

    it('hands out each of many flows once when many ask together', async () => {
      const other = await world.open(currentOwner('b'));
      for (let i = 0; i < 8; i++) await create(`f${i}`);
      const claims = await Promise.all(
        Array.from({ length: 12 }, (_, i) => claim(i % 2 ? store : other.store)),
      );
      const ids = claims.flatMap((held) => held?.flow.id ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      for (let held = await claim(); held; held = await claim()) ids.push(held.flow.id);
      expect(ids.sort()).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7']);
    });

    it('claims the flow that waited longest first, so that none starves', async () => {
      await create('busy');
      clock.pass(1);
      await create('patient');
      clock.pass(1);
      const first = await claimed();
      expect(first.flow.id).toBe('busy');
      await commit(first, { wakeAtMs: 0 });
      expect((await claimed()).flow.id).toBe('patient');
    });

    it('commits phase, data, time, events, new flows and signals as one', async () => {
      await create('f');
      await create('g', null);
      const result = await commit(await claimed(), {
        phase: 'baking',
        data: { n: 2 },
        wakeAtMs: clock.wall + 10.7,
        events: [{ chain: 'app/prod', type: 'baked', actor: 'slipway', data: { n: 2 } }],
        create: [
          { id: 'child', kind: 'run', phase: 'new', data: 7, wakeAtMs: null },
          { id: 'g', kind: 'run', phase: 'overwritten', data: 7, wakeAtMs: 0 },
        ],
        send: [{ flowId: 'child', name: 'go', payload: 1 }],
      });
      expect(result).toBe('committed');
      const expected = { phase: 'baking', data: { n: 2 }, wakeAtMs: clock.wall + 10, fence: 1, done: false };
      expect(await store.flows.get('f')).toMatchObject(expected);
      expect(await store.flows.get('g')).toMatchObject({ phase: 'new' });
      expect(await claimed()).toMatchObject({ flow: { id: 'child', data: 7 }, signals: [{ name: 'go' }] });
      expect(await store.events.list()).toMatchObject([{ chain: 'app/prod', sequence: 1, atMs: clock.wall }]);
    });

    it('refuses a second commit of one claim', async () => {
      await create('f');
      const held = await claimed();
      expect(await commit(held, { data: 1 })).toBe('committed');
      expect(await commit(held, { data: 2 })).toBe('stale');
      expect(await store.flows.get('f')).toMatchObject({ data: 1 });
    });

    it('writes nothing at all when the commit comes too late', async () => {
      await create('f');
      await store.flows.signal('f', 's', 1);
      const late = await claimed();
      const other = await world.open(currentOwner('b'));
      await claim(other.store);
      other.clock.pass(leaseMs);
      const newer = await claimed(other.store);
      expect(newer.flow.fence).toBe(2);
      const before = [await store.flows.list(), await store.events.list()];
      const result = await commit(late, {
        data: 'late',
        events: [{ chain: 'c', type: 'late', actor: 'x', data: {} }],
        consumed: late.signals.map((signal) => signal.id),
        create: [{ id: 'late', kind: 'run', phase: 'new', data: 1, wakeAtMs: 0 }],
        send: [{ flowId: 'f', name: 'late', payload: 1 }],
      });
      expect(result).toBe('stale');
      await store.flows.release(late, 0);
      expect([await store.flows.list(), await store.events.list()]).toEqual(before);
      expect(await commit(newer, { data: 'new' }, other.store)).toBe('committed');
      expect((await claimed()).signals.map((signal) => signal.name)).toEqual(['s']);
    });

    it('loses no signal that arrives between a look and its commit', async () => {
      await create('f');
      await store.flows.signal('f', 'first', 1);
      const held = await claimed();
      await store.flows.signal('f', 'second', 2);
      await commit(held, { consumed: held.signals.map((signal) => signal.id) });
      expect((await claimed()).signals).toMatchObject([{ name: 'second', payload: 2 }]);
    });

    it('consumes exactly the signals that a commit lists, and keeps the order of the rest', async () => {
      await create('f', null);
      for (const name of ['a', 'b', 'c']) await store.flows.signal('f', name, null);
      const held = await claimed();
      const second = held.signals[1];
      await commit(held, { consumed: second ? [second.id] : [] });
      expect((await claimed()).signals.map((signal) => signal.name)).toEqual(['a', 'c']);
    });

    it('keeps a signal for a flow that does not exist yet', async () => {
      await store.flows.signal('f', 'early', null);
      expect(await claim()).toBeNull();
      await create('f', null);
      expect((await claimed()).signals).toMatchObject([{ name: 'early' }]);
    });

    it('lets a flow that was given back rest, unread signals or not, and counts its failures', async () => {
      await create('f', null);
      await store.flows.signal('f', 's', null);
      const held = await claimed();
      await store.flows.release(held, clock.wall + 100);
      expect(await claim()).toBeNull();
      clock.pass(100);
      const again = await claimed();
      expect(again).toMatchObject({
        failures: 1,
        flow: { fence: 2, phase: 'new' },
        signals: [{ name: 's' }],
      });
      await commit(again, { wakeAtMs: 0 });
      expect(await claimed()).toMatchObject({ failures: 0 });
    });

    it('ends the rest of a flow by a new signal, also by one that came during the failed tick', async () => {
      await create('f');
      await store.flows.release(await claimed(), clock.wall + 1e6);
      await store.flows.signal('f', 'abort', null);
      const held = await claimed();
      await store.flows.signal('f', 'again', null);
      await store.flows.release(held, clock.wall + 1e6);
      expect((await claimed()).signals.map((signal) => signal.name)).toEqual(['abort', 'again']);
    });

    it('never claims what is done', async () => {
      await create('f');
      await commit(await claimed(), { done: true, wakeAtMs: 0 });
      await store.flows.signal('f', 's', null);
      expect(await claim()).toBeNull();
      expect(await store.flows.get('f')).toMatchObject({ done: true });
    });

    it("takes over another owner's flow after having seen the lease unchanged for its length", async () => {
      await create('f', clock.wall);
      await claimed();
      const other = await world.open(currentOwner('b'));
      other.clock.pass(leaseMs * 5);
      expect(await claim(other.store)).toBeNull();
      other.clock.pass(leaseMs - 1);
      expect(await claim(other.store)).toBeNull();
      other.clock.pass(1);
      expect((await claimed(other.store)).flow.fence).toBe(2);
    });

    it('ends no lease because a wall clock jumps', async () => {
      await create('f');
      await claimed();
      const other = await world.open(distantOwner('b'));
      expect(await claim(other.store)).toBeNull();
      other.clock.wall += 1e12;
      expect(await claim(other.store, other.clock.wall)).toBeNull();
    });

    it('begins to watch again when the fence has moved on', async () => {
      await create('f');
      const other = await world.open(currentOwner('b'));
      const first = await claimed();
      await claim(other.store);
      other.clock.pass(leaseMs);
      await commit(first, { wakeAtMs: 0 });
      await claimed();
      expect(await claim(other.store)).toBeNull();
    });

    it('takes over at once when the owner is provably dead, and only then', async () => {
      await create('f');
      const dead = await world.open(deadOwner('dead'));
      await claimed(dead.store);
      expect((await claimed()).flow.fence).toBe(2);
      await create('g');
      const far = await world.open(distantOwner('far'));
      expect((await claimed(far.store)).flow.id).toBe('g');
      expect(await claim()).toBeNull();
    });

    it('tells who listens of each commit at once', async () => {
      const token = store.changeToken();
      const waiting = store.waitForChange(token, 60_000);
      await create('f');
      expect(await waiting).toBeGreaterThan(token);
      expect(await store.waitForChange(token, 60_000)).toBe(store.changeToken());
      expect(await store.waitForChange(store.changeToken(), 1)).toBe(store.changeToken());
      const tokens: number[] = [];
      const stop = store.onChange((value) => tokens.push(value));
      await store.flows.signal('f', 's', null);
      stop();
      await store.flows.signal('f', 's', null);
      expect(tokens).toEqual([store.changeToken() - 1]);
    });
  });
}
