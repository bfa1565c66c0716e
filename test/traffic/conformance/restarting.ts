import { describe, expect, test } from 'vitest';
import { revision, routes, until } from '../rig.ts';
import { startLoad } from './load.ts';
import type { Suite } from './suite.ts';

/** Fences, a new version of the router, and its death. */
export function restarting(suite: Suite): void {
  describe('fences and restarts', () => {
    test('an older fence is refused, an equal call changes nothing', async () => {
      const same = routes([revision('r1', 100, suite.port(0))]);
      suite.fence += 10;
      await suite.rig.router.apply(same, suite.fence);
      const { epoch } = await suite.observe();
      await suite.rig.router.apply(same, suite.fence);
      await expect(suite.rig.router.apply(same, suite.fence - 1)).rejects.toMatchObject({
        code: 'traffic/stale-fence',
      });
      const state = await suite.observe();
      expect([state.fence, state.epoch]).toEqual([suite.fence, epoch]);
      expect((await suite.rig.router.observe('unknown/scope')).routes).toBeNull();
    });

    test('a new version of the router takes over without losing a request or a count', async () => {
      await suite.apply([revision('u1', 100, suite.port(0))]);
      const load = startLoad(suite.rig.port, 4);
      await until(() => load.requests > 50);
      const { epoch } = await suite.observe();
      const before = await suite.rig.router.health();
      const { pid } = await suite.rig.router.upgrade();
      expect(pid).not.toBe(before.pid);
      const reached = load.requests;
      await until(() => load.requests > reached + 50);
      await load.stop();
      expect(load.failures).toEqual([]);
      await until(async () => (await suite.of('u1')).requests === load.requests);
      const state = await suite.observe();
      expect([state.epoch, state.losses, state.fence]).toEqual([epoch, 0, suite.fence]);
    });

    test('after a crash the same routes stand, and the loss of counts is admitted', async () => {
      await suite.apply([revision('r1', 100, suite.port(0)), revision('r2', 0, suite.port(1))]);
      const { epoch } = await suite.observe();
      const { pid } = await suite.rig.router.health();
      process.kill(pid, 'SIGKILL');
      await until(async () => (await suite.rig.router.health().catch(() => null)) === null);
      await suite.rig.restart();
      expect(await suite.revisionOf()).toBe('r1');
      const state = await suite.observe();
      expect([state.losses > 0, state.fence, state.epoch === epoch]).toEqual([true, suite.fence, false]);
      await expect(suite.rig.router.apply(routes([]), suite.fence - 1)).rejects.toMatchObject({
        code: 'traffic/stale-fence',
      });
      await suite.apply([revision('r1', 0, suite.port(0)), revision('r2', 100, suite.port(1))]);
      expect(await suite.revisionOf()).toBe('r2');
    });
  });
}
