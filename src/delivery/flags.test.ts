import { expect, test } from 'vitest';
import { aCanary, aRequest, type Wishes } from './testing/builders.ts';
import { atRest, outcome, Stage } from './testing/stage.ts';

const hold = { kind: 'timer', ms: 1_000 } as const;
const on = { cart: 'on' };
const strategy = aCanary([10, 50, 100], hold, { flags: { 50: on } });

/** A rollout of r2 where r1 serves, at its beginning. */
async function rollout(wishes: Wishes = {}, behaves: 'good' | 'crashes-later' = 'good'): Promise<Stage> {
  const stage = await new Stage().serves(aRequest(1, 'good', { replicas: 2 }));
  await stage.tick(['rollout', aRequest(2, behaves, { replicas: 2, strategy, ...wishes })]);
  return stage;
}

const cart = ({ world }: Stage) => world.flags.flags.get('cart');
const turning = ({ lines }: Stage) => lines.filter((line) => /^(flags|traffic|tell|rollout.rev)/.test(line));
const holdsAt =
  (index: number) =>
  ({ rollout: under }: Stage['state']): boolean =>
    under?.phase.at === 'stepping' && under.phase.stage === 'holding' && under.phase.index === index;

test('a flag is turned once the share of its step stands, and stays after a success', async () => {
  const stage = await rollout();
  await stage.until(atRest);
  expect(turning(stage)).toEqual([
    'traffic.shifted',
    'traffic.shifted',
    'flags cart="on" (step 2 of 3, at 50 %)',
    'traffic.shifted',
    'tell run-1: succeeded, r2 serves app/production',
  ]);
  expect(cart(stage)).toBe('on');
});

test('a way back gives flags back at once, those of several steps to what they were before the first', async () => {
  const steps = aCanary([10, 50, 100], hold, { flags: { 10: on, 50: { cart: 'dark' } } });
  const stage = await rollout({ strategy: steps });
  await stage.until(holdsAt(1));
  expect(cart(stage)).toBe('dark');
  await stage.tick(['abort', { rolloutId: null, by: 'ana' }]);
  stage.lines = [];
  await stage.tick();
  expect(stage.lines[0]).toBe('flags cart="off" (taken back: aborted by ana)');
  // Somebody turns it on again while the copies still end: that is not undone.
  await stage.tick();
  stage.world.flags.change('cart', 'on');
  await stage.until(atRest);
  expect(cart(stage)).toBe('on');
  expect(stage.lines).not.toContain('flags.left');
});

test('what somebody has changed since is left on the way back, and told', async () => {
  const stage = await rollout();
  await stage.until(holdsAt(1));
  stage.world.flags.change('cart', 'mine');
  await stage.tick(['abort', { rolloutId: null, by: 'ana' }]);
  await stage.until(atRest);
  expect(cart(stage)).toBe('mine');
  expect(stage.lines.filter((line) => line === 'flags.left')).toHaveLength(1);
});

test('what somebody changes between two steps is what a way back returns to', async () => {
  const steps = aCanary([10, 50, 100], hold, { flags: { 10: on, 50: { cart: 'dark' } } });
  const stage = await rollout({ strategy: steps });
  await stage.until(holdsAt(0));
  stage.world.flags.change('cart', 'mine');
  await stage.until(holdsAt(1));
  expect(cart(stage)).toBe('dark');
  await stage.tick(['abort', { rolloutId: null, by: 'ana' }]);
  await stage.until(atRest);
  expect(cart(stage)).toBe('mine');
});

test('one that is changed at the moment of its step is looked at anew', async () => {
  const stage = await rollout();
  await stage.until(
    ({ rollout: under }) => under?.phase.at === 'stepping' && under.phase.stage === 'flagging',
  );
  stage.world.flags.change('cart', 'mine');
  await stage.until(holdsAt(1));
  expect(cart(stage)).toBe('on');
  await stage.tick(['abort', { rolloutId: null, by: 'ana' }]);
  await stage.until(atRest);
  expect(cart(stage)).toBe('mine');
});

test('a flag that is not there fails the rollout before anything starts, or as soon as it is gone', async () => {
  const unknown = await rollout({ strategy: aCanary([10, 100], hold, { flags: { 100: { menu: 'on' } } }) });
  await unknown.until(atRest);
  expect(outcome(unknown)).toBe('failed, there is no flag "menu"');
  expect(unknown.lines.some((line) => line.startsWith('start r2'))).toBe(false);

  const gone = await rollout();
  await gone.until(holdsAt(0));
  gone.world.flags.change('cart', null);
  await gone.until(atRest);
  expect(outcome(gone)).toBe('failed, there is no flag "cart"');
  expect(gone.world.flags.changes).toEqual([]);
});

test('one that is changed back all the time fails its step', async () => {
  const stage = await rollout();
  const isTurning = ({ rollout: under }: Stage['state']) =>
    under?.phase.at === 'stepping' && under.phase.stage === 'flagging';
  await stage.until(isTurning);
  await stage.until((state) => {
    stage.world.flags.change('cart', 'mine');
    return !isTurning(state);
  });
  await stage.until(atRest);
  expect(outcome(stage)).toBe('failed, its step could not turn cart within 10 s');
  expect(cart(stage)).toBe('mine');
});

test('whoever promotes to the end, or has no steps, turns the flags of all steps at the last', async () => {
  const flags = { 10: on, 50: { cart: 'dark' } };
  const steps = aCanary([10, 50, 100], { kind: 'approval' }, { flags });
  const promoted = await rollout({ strategy: steps });
  await promoted.until(holdsAt(0));
  await promoted.tick(['promote', { rolloutId: null, by: 'ana', full: true }]);
  await promoted.until(atRest);
  expect(promoted.world.flags.changes).toEqual(['cart="on"', 'cart="dark"']);

  const first = new Stage();
  await first.tick(['rollout', aRequest(1, 'good', { strategy: steps })]);
  await first.until(atRest);
  expect(turning(first)).toEqual([
    'traffic.shifted',
    'flags cart="dark" (step 1 of 1, at 100 %)',
    'tell run-1: succeeded, r1 serves app/production',
  ]);
});

test('the next rollout finds the flag as the last one left it, and gives back no more than its own', async () => {
  const stage = await rollout();
  await stage.until(atRest);
  await stage.tick(['rollout', aRequest(3, 'crashes-later', { replicas: 2, strategy })]);
  await stage.until(atRest);
  expect(outcome(stage)).toMatch(/^failed/);
  expect(cart(stage)).toBe('on');
});
