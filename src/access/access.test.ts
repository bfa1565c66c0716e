import { describe, expect, test } from 'vitest';
import { CodedError, renderFinding } from '../diagnostics/index.ts';
import {
  grantsText,
  isInForce,
  may,
  mayShip,
  nobodyElse,
  refusal,
  requireRole,
  requireWhere,
  reviewersOf,
  rightsOf,
  roles,
  withGrant,
  withoutGrant,
  withReview,
  type Caller,
  type Place,
  type Policy,
  type Right,
} from './index.ts';

const known = (name: string): Caller => ({ name, isOwner: false, proof: `uid 1001 ${name}` });

/** `ana: deployer production, viewer *` a line. */
function policyFrom(text: string): Policy {
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [name = '', grants = ''] = line.trim().split(': ');
      return grants.split(', ').map((grant) => ({ name, words: grant.split(' ') }));
    })
    .reduce<Policy>(
      (policy, { name, words: [role = '', where = '*'] }) =>
        withGrant(policy, {
          name,
          uid: 1001,
          grant: { role: requireRole(role), where: requireWhere(where) },
        }),
      nobodyElse,
    );
}

const production: Place = { kind: 'environment', app: 'shop', environment: 'production' };

describe('a grant', () => {
  const may1 = (grant: string, right: Right, place: Place) =>
    may(policyFrom(`ana: ${grant}`), known('ana'), { right, place });

  test('reaches the environment that it names, of every app or of one', () => {
    const staging: Place = { ...production, environment: 'staging' };
    const other: Place = { ...production, app: 'blog' };
    const table = (where: string) =>
      [production, staging, other].map((place) => may1(`deployer ${where}`, 'ship', place));
    expect(table('production')).toEqual([true, false, true]);
    expect(table('shop/production')).toEqual([true, false, false]);
    expect(table('shop/*')).toEqual([true, true, false]);
    expect(table('*')).toEqual([true, true, true]);
  });

  test('for one environment is none for all of an app, and none for the server', () => {
    const places: Place[] = [
      { kind: 'app', app: 'shop' },
      { kind: 'whole-app', app: 'shop' },
      { kind: 'server' },
      { kind: 'anywhere' },
    ];
    const table = (where: string) => places.map((place) => may1(`admin ${where}`, 'manage', place));
    expect(table('production')).toEqual([true, false, false, true]);
    expect(table('shop/*')).toEqual([true, true, false, true]);
    expect(table('*')).toEqual([true, true, true, true]);
  });

  test('lets a deployer end or pause what they began, and a reviewer what anybody began', () => {
    const table = (role: string, startedBy: string) =>
      (['abort', 'hold'] as const).map((right) => may1(role, right, { ...production, startedBy }));
    expect(table('deployer', 'ana')).toEqual([true, true]);
    expect(table('deployer', 'tom')).toEqual([false, false]);
    expect(table('reviewer', 'tom')).toEqual([true, true]);
    expect(table('viewer', 'ana')).toEqual([false, false]);
  });

  test('lets nobody approve what they may only ship, nor ship what they may only approve', () => {
    expect(may1('deployer', 'decide', production)).toBe(false);
    expect(may1('reviewer', 'ship', production)).toBe(false);
  });
});

test('every role looks, an admin has every right, and nobody but an admin manages', () => {
  for (const role of roles) expect(rightsOf[role].look).toBe('any');
  const all = new Set(roles.flatMap((role) => Object.keys(rightsOf[role])));
  expect(Object.keys(rightsOf.admin).toSorted()).toEqual([...all].toSorted());
  expect(Object.values(rightsOf.admin)).not.toContain('own');
  expect(roles.filter((role) => rightsOf[role].manage)).toEqual(['admin']);
});

test('a stranger may nothing, the owner everything', () => {
  const policy = policyFrom('ana: admin');
  const wish = { right: 'look', place: { kind: 'anywhere' } } as const;
  expect(may(policy, known('eve'), wish)).toBe(false);
  expect(may(nobodyElse, known('eve'), wish)).toBe(false);
  expect(may(policy, { name: 'root', isOwner: true, proof: 'uid 0 root' }, wish)).toBe(true);
});

test('a refusal says what the person is, who may, and what an admin can say', () => {
  const policy = policyFrom(`
    ana: viewer, deployer staging
    lena: reviewer production
    tom: admin shop/*`);
  const said = (name: string, right: Right, place: Place) =>
    renderFinding(refusal(policy, known(name), { right, place, owner: 'root' }).toFinding());
  expect(said('ana', 'ship', production)).toMatchInlineSnapshot(`
    "error[access/may-not]: ana may not ship to shop/production
      = ana is viewer everywhere, deployer of staging
      = may: tom (admin of shop/*), root (the owner)
      = help: ask one of them; or root can allow it: slipway access grant ana deployer production"
  `);
  expect(said('ana', 'decide', production)).toMatchInlineSnapshot(`
    "error[access/may-not]: ana may not approve, reject or promote in shop/production
      = ana is viewer everywhere, deployer of staging
      = may: lena (reviewer of production), tom (admin of shop/*), root (the owner)
      = help: ask one of them; or root can allow it: slipway access grant ana reviewer production"
  `);
  expect(said('ana', 'abort', { ...production, startedBy: 'tom' })).toMatchInlineSnapshot(`
    "error[access/may-not]: ana may not abort what others began in shop/production
      = ana is viewer everywhere, deployer of staging
      = may: lena (reviewer of production), tom (admin of shop/*), root (the owner)
      = help: ask one of them; or root can allow it: slipway access grant ana reviewer production"
  `);
  expect(said('tom', 'manage', { kind: 'server' })).toMatchInlineSnapshot(`
    "error[access/may-not]: tom may not administer the whole server
      = tom is admin of shop/*
      = may: root (the owner)
      = help: ask one of them; or root can allow it: slipway access grant tom admin '*'"
  `);
});

describe('granting and revoking', () => {
  test('adds up, says nothing twice, and goes role by role or all at once', () => {
    const twice = policyFrom('ana: viewer, deployer production, deployer staging, viewer');
    expect(grantsText(twice.people[0] ?? { grants: [] })).toBe(
      'deployer of production, deployer of staging, viewer everywhere',
    );
    const where = requireWhere('staging');
    const less = withoutGrant(twice, { name: 'ana', role: 'deployer', where });
    expect(grantsText(less.people[0] ?? { grants: [] })).toBe('deployer of production, viewer everywhere');
    const none = withoutGrant(less, { name: 'ana', role: 'deployer', where: null });
    expect(grantsText(none.people[0] ?? { grants: [] })).toBe('viewer everywhere');
    expect(withoutGrant(none, { name: 'ana', role: 'viewer', where: null }).people).toEqual([]);
    expect(withoutGrant(twice, { name: 'ana', role: null, where: null }).people).toEqual([]);
  });

  test('takes no name that would leave the directory of doors, and no word that means nothing', () => {
    const grant = { role: 'viewer', where: requireWhere('*') } as const;
    for (const name of ['', '.', '..', '../root', 'a/b', '.making-x', '-rf', 'a\0b', 'a'.repeat(33)])
      expect(
        codeOf(() => withGrant(nobodyElse, { name, uid: null, grant })),
        name,
      ).toBe('access/bad-name');
    expect(codeOf(() => requireRole('owner'))).toBe('access/no-such-role');
    for (const where of ['', 'a/b/c', '../x', 'a b'])
      expect(codeOf(() => requireWhere(where))).toBe('access/bad-place');
    const policy = policyFrom('ana: viewer');
    expect(codeOf(() => withoutGrant(policy, { name: 'anna', role: null, where: null }))).toBe(
      'access/no-such-person',
    );
    expect(codeOf(() => withoutGrant(policy, { name: 'ana', role: 'admin', where: null }))).toBe(
      'access/not-granted',
    );
  });
});

test('a ship goes where its beginner may, of whom nobody was ever let in wherever it likes, and of a former one nowhere', () => {
  const policy = policyFrom('ana: deployer staging');
  const to = (environment: string) => ({ app: 'shop', environment });
  expect([mayShip(policy, 'ana', to('staging')), mayShip(policy, 'ana', to('production'))]).toEqual([
    true,
    false,
  ]);
  expect(mayShip(policy, 'Ana Maria', to('production'))).toBe(true);
  const without = withoutGrant(policy, { name: 'ana', role: null, where: null });
  expect(mayShip(without, 'ana', to('staging'))).toBe(false);
  const again = { name: 'ana', uid: null, grant: { role: 'deployer', where: requireWhere('*') } } as const;
  expect(mayShip(withGrant(without, again), 'ana', to('staging'))).toBe(true);
});

test('an environment is protected only where somebody reviews, and then by those who do', () => {
  const policy = policyFrom(`
    ana: deployer
    lena: reviewer shop/production
    tom: admin`);
  const where = requireWhere('production');
  const isProtected = withReview(policy, where, true);
  expect(reviewersOf(isProtected, { app: 'shop', environment: 'production' })).toEqual(['lena', 'tom']);
  expect(reviewersOf(isProtected, { app: 'blog', environment: 'production' })).toEqual(['tom']);
  expect(reviewersOf(isProtected, { app: 'shop', environment: 'staging' })).toBeNull();
  expect(withReview(withReview(isProtected, where, true), where, false)).toEqual(policy);
  expect(codeOf(() => withReview(policyFrom('ana: deployer'), where, true))).toBe('access/nobody-reviews');
  expect([isInForce(nobodyElse), isInForce(policy), isInForce({ ...nobodyElse, reviewed: [where] })]).toEqual(
    [false, true, true],
  );
});

test('what was typed wrongly is told with what would be right', () => {
  const policy = policyFrom('ana: viewer');
  const said = (work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      return renderFinding((error as CodedError).toFinding());
    }
  };
  const grant = { role: 'viewer', where: requireWhere('*') } as const;
  expect(said(() => withGrant(policy, { name: '../ana', uid: null, grant }))).toMatchInlineSnapshot(`
    "error[access/bad-name]: "../ana" cannot be the name of a person here
      = allowed: letters, digits, "_", "." and "-", at most 32, as Unix users are called
      = help: grant it to the person's user name on the server's machine: slipway access grant ana viewer"
  `);
  expect(said(() => requireWhere('a/b/c'))).toMatchInlineSnapshot(`
    "error[access/bad-place]: "a/b/c" is no environment
      = allowed: "production", "shop/production", "shop/*", or "*" for everywhere
      = help: name the environment: slipway access grant ana deployer production"
  `);
  expect(said(() => requireRole('deploer'))).toMatchInlineSnapshot(`
    "error[access/no-such-role]: "deploer" is no role
      = roles: "viewer", "deployer", "reviewer", "admin"
      = help: did you mean "deployer"?"
  `);
  expect(said(() => withoutGrant(policy, { name: 'anna', role: null, where: null }))).toMatchInlineSnapshot(`
    "error[access/no-such-person]: nothing was granted to "anna"
      = people: ana
      = help: did you mean "ana"?"
  `);
  expect(said(() => withoutGrant(policy, { name: 'ana', role: 'admin', where: null })))
    .toMatchInlineSnapshot(`
    "error[access/not-granted]: ana is not admin there
      = ana is viewer everywhere
      = help: name one of these, or take everything: slipway access revoke ana"
  `);
});

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error);
  }
}
