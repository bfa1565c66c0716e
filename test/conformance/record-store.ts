import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../../src/flow/index.ts';
import { currentOwner, type Store } from '../../src/store/index.ts';
import { Database } from '../../src/store/database.ts';
import { StoreWorld, type FakeClock, type MakePlace } from './store-world.ts';

/** What every database must do for events, releases, documents, secrets, and its own schema. */
export function describeRecordStore(name: string, makePlace: MakePlace): void {
  describe(`records on ${name}`, () => {
    let world: StoreWorld;
    let store: Store;
    let clock: FakeClock;

    beforeEach(async () => {
      world = await StoreWorld.make(makePlace);
      ({ store, clock } = await world.open(currentOwner('a')));
    });
    afterEach(() => world.end());

    const event = (chain: string, type: string, data: number) => ({ chain, type, actor: 'ana', data });

    it('links the events of a chain, and numbers them all', async () => {
      const [first, second, third] = await store.events.append([
        event('a', 'x', 1),
        event('b', 'x', 2),
        event('a', 'y', 3),
      ]);
      expect(first).toMatchObject({
        chain: 'a',
        sequence: 1,
        atMs: clock.wall,
        previousHash: '0'.repeat(64),
      });
      expect(third).toMatchObject({ chain: 'a', sequence: 2, previousHash: first?.hash });
      expect(await store.events.list()).toEqual([first, second, third]);
      expect(await store.events.chains()).toEqual([
        { chain: 'a', sequence: 2, hash: third?.hash },
        { chain: 'b', sequence: 1, hash: second?.hash },
      ]);
    });

    it('lists by chain, type, place and number, from either end', async () => {
      await store.events.append(
        [1, 2, 3, 4].map((n) => event(n % 2 ? 'odd' : 'even', n < 3 ? 'small' : 'big', n)),
      );
      const numbers = async (query: Parameters<Store['events']['list']>[0]) =>
        (await store.events.list(query)).map((found) => found.data);
      expect(await numbers({ chain: 'odd' })).toEqual([1, 3]);
      expect(await numbers({ type: 'big' })).toEqual([3, 4]);
      expect(await numbers({ first: 'newest', limit: 2 })).toEqual([4, 3]);
      const second = (await store.events.list({ limit: 2 }))[1];
      expect(await numbers({ afterId: second?.id ?? 0 })).toEqual([3, 4]);
    });

    it('keeps chains whole, and ids in the order of commits, when two servers write together', async () => {
      const other = await world.open(currentOwner('b'));
      let lastId = 0;
      const seen: number[] = [];
      const follow = async () => {
        const found = await store.events.list({ afterId: lastId });
        seen.push(...found.map((link) => link.id));
        lastId = seen.at(-1) ?? 0;
      };
      const write = async (to: Store, chain: string) => {
        for (let n = 0; n < 15; n++) {
          await to.events.append([event(chain, 'x', n), event('shared', 'x', n)]);
          await follow();
        }
      };
      await Promise.all([write(store, 'one'), write(other.store, 'two'), write(other.store, 'one')]);
      await follow();
      const all = await store.events.list();
      expect(all).toHaveLength(90);
      expect(new Set(seen)).toEqual(new Set(all.map((link) => link.id)));
      expect(await store.audit.verify()).toMatchObject({ intact: true, problems: [] });
      expect(await other.store.audit.verify()).toMatchObject({ intact: true, problems: [] });
    });

    it('lets each server keep heads of its own in its own home', async () => {
      const home = mkdtempSync(join(tmpdir(), 'slipway-store-'));
      await store.events.append([event('a', 'x', 1)]);
      const other = await world.open(currentOwner('b'), undefined, home);
      await other.store.events.append([event('a', 'x', 2), event('b', 'x', 3)]);
      expect((await store.audit.verify()).problems).toEqual([]);
      expect((await other.store.audit.verify()).problems).toEqual([]);
      await other.store.close();
      rmSync(home, { recursive: true });
    });

    it('keeps releases for good', async () => {
      const release = { digest: 'sha256:1', app: 'medianest', commit: 'c1', body: { files: ['b', 'a'] } };
      const kept = await store.releases.put(release);
      clock.pass(5);
      await store.releases.put({ ...release, digest: 'sha256:2' });
      expect(await store.releases.put(release)).toEqual(kept);
      expect(await store.releases.get('sha256:1')).toEqual({ ...release, createdAtMs: 1_000_000 });
      expect(await store.releases.get('sha256:3')).toBeNull();
      const found = await store.releases.find({ app: 'medianest', commit: 'c1' });
      expect(found.map((one) => one.digest)).toEqual(['sha256:2', 'sha256:1']);
      expect(await store.releases.list({ app: 'other' })).toEqual([]);
      await expect(store.releases.put({ ...release, commit: 'c2' })).rejects.toMatchObject({
        code: 'store/release-differs',
        message: 'release sha256:1 is kept already, with other facts',
      });
    });

    it('keeps the last word of each document', async () => {
      await store.documents.put('app', 'medianest', { v: 1 });
      clock.pass(5);
      await store.documents.put('app', 'medianest', { v: 2 });
      await store.documents.put('app', 'another', {});
      const medianest = { kind: 'app', id: 'medianest', body: { v: 2 }, updatedAtMs: 1_000_005 };
      expect(await store.documents.get('app', 'medianest')).toEqual(medianest);
      expect((await store.documents.list('app')).map((found) => found.id)).toEqual(['another', 'medianest']);
      await store.documents.delete('app', 'medianest');
      await store.documents.delete('app', 'medianest');
      expect(await store.documents.get('app', 'medianest')).toBeNull();
    });

    it('replaces a document only where what was read still stands, so that one of many writers at once wins', async () => {
      const replace = (before: Json, after: Json) =>
        store.documents.replace('line', 'shop', { before, after });
      const first = await Promise.all([1, 2, 3].map((writer) => replace(null, { b: [writer], a: 1 })));
      expect(first.filter(Boolean)).toHaveLength(1);
      const known = (await store.documents.get('line', 'shop'))?.body ?? null;
      const second = await Promise.all([4, 5].map((writer) => replace(known, { b: [writer] })));
      expect(second.filter(Boolean)).toHaveLength(1);
      expect(await replace(known, null)).toBe(false);
    });

    it('numbers the versions of a secret without gaps, however many write', async () => {
      const other = await world.open(currentOwner('b'));
      const name = { app: 'medianest', environment: 'production', name: 'TOKEN' };
      const put = (to: Store, n: number) => to.secrets.put({ ...name, ciphertext: `c${n}` });
      await Promise.all([1, 2, 3, 4, 5, 6].map((n) => put(n % 2 ? store : other.store, n)));
      const all = await store.secrets.list({ app: 'medianest', environment: 'production' });
      expect(all.map((secret) => secret.version)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await store.secrets.get(name)).toEqual(all[5]);
      expect(await store.secrets.get({ ...name, version: 2 })).toEqual(all[1]);
      expect(await store.secrets.get({ ...name, name: 'OTHER' })).toBeNull();
    });

    it('keeps versions of flags with their events, and gives each number once', async () => {
      const other = await world.open(currentOwner('b'));
      const place = { app: 'shop', environment: 'production' };
      const add = (by: Store, version: number, body: Json) =>
        by.flags.add({ ...place, version, body }, { type: 'flags.changed', actor: 'ana', data: body });
      expect(await store.flags.get(place)).toBeNull();
      expect(await add(store, 1, 'first')).toBe(true);
      const both = await Promise.all([add(store, 2, 'second'), add(other.store, 2, 'late')]);
      expect(both.toSorted()).toEqual([false, true]);
      const newest = await other.store.flags.get(place);
      expect(newest).toMatchObject({ ...place, version: 2 });
      expect(await store.flags.get(place, 1)).toMatchObject({ body: 'first' });
      expect(await store.flags.newest()).toEqual([{ ...place, version: 2 }]);
      const events = await store.events.list({ chain: 'shop/production' });
      expect(events.map(({ data }) => data)).toEqual(['first', newest?.body]);
    });

    it('changes flags for a flow only in the turn of its owner', async () => {
      const flags = { app: 'shop', environment: 'production', version: 1, body: {} };
      const event = { type: 'flags.changed', actor: 'slipway', data: {} };
      await store.flows.create({ id: 'e', kind: 'environment', phase: 'none', data: {}, wakeAtMs: 0 });
      const claim = await store.flows.claim('a', 0, 1_000);
      const by = { flowId: 'e', fence: claim?.flow.fence ?? 0 };
      for (const late of [
        { ...by, fence: by.fence - 1 },
        { ...by, flowId: 'gone' },
      ])
        await expect(store.flags.add(flags, event, late)).rejects.toMatchObject({
          code: 'store/stale-fence',
        });
      expect(await store.flags.newest()).toEqual([]);
      expect(await store.flags.add(flags, event, by)).toBe(true);
      expect(await store.flags.newest()).toMatchObject([{ version: 1 }]);
    });

    it('survives being closed and opened by many at once', async () => {
      await store.documents.put('app', 'medianest', 1);
      const others = await Promise.all(['b', 'c', 'd'].map((id) => world.open(currentOwner(id))));
      for (const other of others) expect(await other.store.documents.get('app', 'medianest')).not.toBeNull();
    });

    it('refuses a database that a newer Slipway has changed', async () => {
      const database = await Database.open(world.place);
      await database.write((tx) => tx.updateTable('schema_version').set({ version: 99 }).execute());
      await database.close();
      await expect(world.open(currentOwner('late'))).rejects.toMatchObject({
        code: 'store/newer-schema',
        message: 'the database has schema version 99, this Slipway knows 2',
        help: 'start the newer Slipway that wrote it, or restore a backup from before the upgrade',
      });
    });
  });
}
