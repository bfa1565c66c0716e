import { expect, it } from 'vitest';
import { CodedError } from '../diagnostics/index.ts';
import type { Effect } from './effects.ts';
import { here } from './machines.ts';
import { performEffects, type Ports } from './perform.ts';
import type { Routes } from './ports.ts';
import { aRequest } from './testing/builders.ts';

const revision = { ...aRequest(1, 'good').revision, id: 'r1' };
const process = {
  name: 'web',
  command: '',
  replicas: 3,
  role: 'web',
  overlap: false,
  alone: false,
  after: [],
} as const;
const starting = (id: string): Effect => ({
  do: 'start',
  instance: { id, machine: here, revision, process: { ...process, after: [] } },
});
const refuse = () => Promise.reject(new Error('not asked for here'));

/** Carries effects out with starts as given; tells in which order all began. */
async function perform(effects: readonly Effect[], start: (id: string) => Promise<void>) {
  const begun: string[] = [];
  const target: Ports['target'] = {
    start: ({ id }) => {
      begun.push(id);
      return start(id);
    },
    stop: (id) => {
      begun.push(`stop ${id}`);
      return Promise.resolve();
    },
    repair: refuse,
    prepare: refuse,
    runCommand: refuse,
  };
  const router: Ports['router'] = { apply: refuse, observe: refuse };
  const performing = performEffects(effects, {
    portsOf: () => ({ router, target }),
    routesOf: () => null,
    flags: { set: refuse },
    fence: 1,
  });
  return { begun, failed: await performing };
}

it('starts copies at once, and does the next thing when all of them have started', async () => {
  const release = Promise.withResolvers<void>();
  // The first one ends only after the last one has begun.
  const start = (id: string) => {
    if (id === 'c') release.resolve();
    return release.promise;
  };
  const effects = [starting('a'), starting('b'), starting('c'), { do: 'stop', instance: 'x' } as const];
  expect((await perform(effects, start)).begun).toEqual(['a', 'b', 'c', 'stop x']);
});

it('tells each start that failed, and goes on', async () => {
  const start = (id: string) => (id === 'a' ? Promise.reject(new Error('no room')) : Promise.resolve());
  const { begun, failed } = await perform(
    [starting('a'), starting('b'), { do: 'stop', instance: 'x' }],
    start,
  );
  expect(begun).toEqual(['a', 'b', 'stop x']);
  expect(failed.map(({ effect, message }) => [effect, message])).toEqual([[starting('a'), 'no room']]);
});

it('does nothing more once a newer owner has acted, and leaves no start behind its back', async () => {
  let ended = false;
  const start = async (id: string) => {
    if (id === 'a') throw new CodedError('x/stale-fence', 'a newer owner has acted');
    await new Promise((done) => setImmediate(done));
    ended = true;
  };
  const performing = perform([starting('a'), starting('b'), { do: 'stop', instance: 'x' }], start);
  await expect(performing).rejects.toMatchObject({ code: 'x/stale-fence' });
  expect(ended).toBe(true);
});

const other = 'deploy@10.0.0.6';

/** What is done on each of two machines; `refuse` tells what fails there. */
async function performOnBoth(effects: readonly Effect[], during: (what: string) => Promise<void> | void) {
  const done: string[] = [];
  const act = async (what: string) => {
    done.push(what);
    await during(what);
  };
  const portsOf = (machine: string): Ports => ({
    router: { apply: () => act(`route on ${machine}`), observe: refuse },
    target: {
      start: ({ id }) => act(`start ${id} on ${machine}`),
      stop: (id) => act(`stop ${id} on ${machine}`),
      repair: refuse,
      prepare: refuse,
      runCommand: refuse,
    },
  });
  const routes = { scope: 'app/production' } as Routes;
  const performing = performEffects(effects, {
    portsOf,
    routesOf: () => routes,
    flags: { set: () => act('set flags') },
    fence: 1,
  });
  return { done, failed: await performing };
}

const onOther = (id: string): Effect => ({
  do: 'start',
  instance: { id: `${id}@${other}`, machine: other, revision, process: { ...process, after: [] } },
});

it('acts on all machines side by side, with the ids that each knows', async () => {
  const released = Promise.withResolvers<void>();
  // The first machine hangs until the other one has done everything.
  const { done } = await performOnBoth(
    [starting('a'), { do: 'stop', instance: 'x' }, onOther('b'), { do: 'stop', instance: `y@${other}` }],
    (what) => {
      if (what === `stop y on ${other}`) released.resolve();
      return what === 'start a on here' ? released.promise : undefined;
    },
  );
  expect(done.filter((what) => what.endsWith(other))).toEqual([
    `start b on ${other}`,
    `route on ${other}`,
    `stop y on ${other}`,
  ]);
  expect(done.slice(-2)).toEqual(['route on here', 'stop x on here']);
});

it('lets each machine know its fence before the first stop there, and tells where something failed', async () => {
  const { done, failed } = await performOnBoth(
    [
      { do: 'stop', instance: 'x' },
      { do: 'stop', instance: `x@${other}` },
      { do: 'stop', instance: `y@${other}` },
    ],
    (what) => {
      if (what === 'route on here') throw new Error('router is down');
    },
  );
  expect(done.toSorted()).toEqual(
    ['route on here', `route on ${other}`, `stop x on ${other}`, `stop y on ${other}`].toSorted(),
  );
  expect(failed.map(({ effect, message }) => [effect, message])).toEqual([
    [{ do: 'stop', instance: 'x' }, 'router is down'],
  ]);
});

it('does nothing more on any machine once a newer owner has acted on one', async () => {
  const done: string[] = [];
  const late = performOnBoth(
    [{ do: 'stop', instance: 'x' }, onOther('a'), { do: 'stop', instance: `y@${other}` }],
    async (what) => {
      done.push(what);
      if (what === 'route on here') throw new CodedError('x/stale-fence', 'a newer owner has acted');
      await new Promise((after) => setImmediate(after));
    },
  );
  await expect(late).rejects.toMatchObject({ code: 'x/stale-fence' });
  expect(done).toEqual(['route on here', `start a on ${other}`]);
});
