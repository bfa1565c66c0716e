import { expect, it } from 'vitest';
import { CodedError } from '../diagnostics/index.ts';
import type { Effect } from './effects.ts';
import { here } from './machines.ts';
import { performEffects, type Ports } from './perform.ts';
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
    prepare: refuse,
    runCommand: refuse,
  };
  const router: Ports['router'] = { apply: refuse, observe: refuse };
  const performing = performEffects(effects, {
    portsOf: () => ({ router, target }),
    routesOf: () => null,
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
