import { beforeEach, expect, test } from 'vitest';
import { requireRole, requireWhere, withGrant, withoutGrant, withReview } from '../access/index.ts';
import type { EnvironmentRules } from '../app/index.ts';
import type { Json, NewEvent } from '../flow/index.ts';
import type { Store } from '../store/index.ts';
import {
  changePolicy,
  ownerName,
  policyOf,
  requireMayShip,
  requireMayShipSomewhere,
  rulesWithPolicy,
} from './people.ts';

let kept: Json | null;
let events: NewEvent[];
/** Somebody else's change comes first so many times. */
let overtaken: number;

const store = {
  documents: {
    get: () => Promise.resolve(kept === null ? null : { body: kept }),
    replace: (_kind: string, _id: string, { before, after }: { before: Json; after: Json }) => {
      if (overtaken-- > 0 || JSON.stringify(before) !== JSON.stringify(kept)) return Promise.resolve(false);
      kept = after;
      return Promise.resolve(true);
    },
  },
  events: { append: (added: NewEvent[]) => Promise.resolve(events.push(...added)) },
} as unknown as Store;

const event = { type: 'access.granted', actor: 'root', data: {} };
const grant = (name: string, role: string, where = '*') =>
  changePolicy(
    store,
    (policy) =>
      withGrant(policy, { name, uid: null, grant: { role: requireRole(role), where: requireWhere(where) } }),
    event,
  );

beforeEach(() => {
  kept = null;
  events = [];
  overtaken = 0;
});

test('a change that another overtook is made again on what that one left, with one event', async () => {
  await grant('lena', 'reviewer');
  overtaken = 2;
  await grant('ana', 'deployer');
  expect((await policyOf(store)).people.map(({ name }) => name)).toEqual(['ana', 'lena']);
  expect(events).toEqual([
    { chain: 'server', ...event },
    { chain: 'server', ...event },
  ]);
});

test('a ship enters where its beginner may, and is refused before it begins only where it may enter nowhere', async () => {
  await grant('ana', 'deployer', 'staging');
  const to = (environment: string) => requireMayShip(store, { actor: 'ana', app: 'shop', environment });
  await to('staging');
  await expect(to('production')).rejects.toMatchObject({ code: 'access/may-not' });
  const somewhere = (environments: string[]) =>
    requireMayShipSomewhere(store, { actor: 'ana', app: 'shop', environments });
  await somewhere(['production', 'staging']);
  await somewhere([]);
  await expect(somewhere(['production', 'preview'])).rejects.toMatchObject({ code: 'access/may-not' });
});

test('what the owner began before somebody was let in goes on, and what a former person began does not', async () => {
  await grant('ana', 'deployer');
  const production = { app: 'shop', environment: 'production' };
  await requireMayShip(store, { actor: 'Tom Owner', ...production });
  await changePolicy(
    store,
    (policy) => withoutGrant(policy, { name: 'ana', role: null, where: null }),
    event,
  );
  await expect(requireMayShip(store, { actor: 'ana', ...production })).rejects.toMatchObject({
    code: 'access/may-not',
  });
});

test('a protected environment has its reviewers, whatever its slipway.yml says', async () => {
  const rules = (reviewers: string[]): EnvironmentRules => ({
    reviewers,
    preventSelfReview: false,
    waitTimerMs: 5,
    windows: [],
    deadlineMs: null,
  });
  const production = { app: 'shop', environment: 'production' };
  expect(await rulesWithPolicy(store, rules([]), production)).toEqual(rules([]));
  await grant('lena', 'reviewer', 'production');
  await grant('ana', 'deployer');
  await changePolicy(store, (policy) => withReview(policy, requireWhere('production'), true), event);
  const reviewers = async (written: string[]) =>
    (await rulesWithPolicy(store, rules(written), production)).reviewers;
  expect(await reviewers([])).toEqual(['lena', ownerName()]);
  expect(await reviewers(['ana', 'eve'])).toEqual(['lena', ownerName()]);
  expect(await reviewers(['ana', 'lena'])).toEqual(['lena']);
  expect(await rulesWithPolicy(store, rules([]), production)).toMatchObject({
    preventSelfReview: true,
    waitTimerMs: 5,
  });
  expect(await rulesWithPolicy(store, rules([]), { app: 'shop', environment: 'staging' })).toEqual(rules([]));
});
