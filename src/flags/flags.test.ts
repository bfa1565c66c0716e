import { expect, test } from 'vitest';
import { CodedError } from '../diagnostics/index.ts';
import { rampVariant, setVariant } from './change.ts';
import { differences } from './differences.ts';
import { explainFlag } from './explain.ts';
import type { Flag, FlagDocument } from './model.ts';
import { parseFlags } from './parse.ts';
import { FlagSnapshot, type Outcome } from './snapshot.ts';

const checkout: Flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
const forPro = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };
const theme: Flag = {
  state: 'ENABLED',
  variants: { light: '#fff', dark: '#000', blue: '#00f' },
  defaultVariant: 'light',
};
const document: FlagDocument = { flags: { checkout, theme } };

const written = (value: unknown) => JSON.stringify(value, null, 2);
/** `code line:column message` of each mistake. */
function mistakesIn(text: string): string[] {
  const parsed = parseFlags(text, 'flags.json');
  if (parsed.ok) return [];
  return parsed.findings.map(
    ({ code, at, message }) => `${code} ${at?.start.line}:${at?.start.column} ${message}`,
  );
}
const withCheckout = (flag: unknown) => written({ flags: { checkout: flag } });
const variantOf = (outcome: Outcome) => (outcome.kind === 'value' ? outcome.variant : outcome.kind);
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
};

test('a document as flagd takes it is read as it stands', () => {
  const parsed = parseFlags(written({ ...document, $schema: 'https://flagd.dev/schema/v0/flags.json' }), 'f');
  expect(parsed).toMatchObject({ ok: true, value: document });
});

test('mistakes are found where they stand', () => {
  expect(mistakesIn('{ "flags": }')).toEqual([
    "flags/json 1:12 flags.json is not JSON: Unexpected token '}'",
  ]);
  expect(mistakesIn('{ "flags": {')).toEqual([
    expect.stringMatching(/^flags\/json 1:13 flags\.json is not JSON: Expected property name/),
  ]);
  expect(mistakesIn(`${written(document).slice(0, -1)},}`)).toEqual([
    expect.stringMatching(/^flags\/json 21:2 flags\.json is not JSON: Expected double-quoted property name/),
  ]);
  expect(mistakesIn('{ "flags": {},\n "flags": {} }')).toEqual(['flags/json 2:2 a key is written twice']);
  expect(mistakesIn('[]')).toEqual(['flags/shape 1:1 a document of flags is an object that holds "flags"']);
  expect(mistakesIn('{ "flags": [] }')).toEqual(['flags/shape 1:12 "flags" must be an object: flags by key']);
  expect(mistakesIn(withCheckout({ ...checkout, state: 'on' }))).toEqual([
    'flags/shape 4:16 flag "checkout" needs a "state": "ENABLED" or "DISABLED"',
  ]);
  expect(mistakesIn(withCheckout({ ...checkout, variants: {} }))).toEqual([
    'flags/shape 5:19 flag "checkout" needs "variants": at least one value by name',
  ]);
  expect(mistakesIn(withCheckout({ ...checkout, variants: { on: true, off: 'no' } }))).toEqual([
    'flags/shape 5:19 the variants of "checkout" must be of one type; these are boolean and string',
  ]);
});

test('names that lead nowhere are found, which flagd would answer with an error', () => {
  expect(mistakesIn(withCheckout({ ...checkout, defaultVariant: 'of' }))).toEqual([
    'flags/unknown-variant 9:25 flag "checkout" has no variant "of"',
  ]);
  const ramp = {
    fractional: [
      ['on', 10],
      ['of', 90],
    ],
  };
  expect(mistakesIn(withCheckout({ ...checkout, targeting: { if: [{ var: 'a' }, 'on', ramp] } }))).toEqual([
    expect.stringMatching(/^flags\/unknown-variant \d+:\d+ flag "checkout" has no variant "of"$/),
  ]);
  expect(mistakesIn(withCheckout({ ...checkout, targeting: { iff: [true, 'on'] } }))).toEqual([
    'flags/unknown-operator 11:16 flagd knows no operator "iff"',
  ]);
  const shared = { if: [{ $ref: 'isPro' }, 'on', 'off'] };
  expect(mistakesIn(withCheckout({ ...checkout, targeting: shared }))).toEqual([
    expect.stringContaining('flags/unknown-evaluator 13:'),
  ]);
  const known = { $evaluators: { isPro: { '==': [{ var: 'plan' }, 'pro'] } } };
  expect(mistakesIn(written({ ...known, flags: { checkout: { ...checkout, targeting: shared } } }))).toEqual(
    [],
  );
});

test("what only flagd's own schema knows is found, too", () => {
  expect(mistakesIn(withCheckout({ ...checkout, targeting: { starts_with: [{ var: 'mail' }] } }))).toEqual([
    expect.stringMatching(
      /^flags\/shape 11:24 flagd does not take this: it must NOT have fewer than 2 items$/,
    ),
  ]);
});

test('set gives everybody one variant, ends rules and enables', () => {
  const before: FlagDocument = { flags: { checkout: { ...checkout, state: 'DISABLED', targeting: forPro } } };
  const after = setVariant(before, { flag: 'checkout', variant: 'on' });
  expect(after.flags['checkout']).toEqual({ ...checkout, defaultVariant: 'on' });
  expect(differences(before, after)).toEqual([
    'checkout: enabled',
    'checkout: default off → on',
    'checkout: rules on if plan == "pro", else off → none',
  ]);
  const yes: FlagDocument = {
    flags: { a: { ...checkout, variants: { yes: true, no: false }, defaultVariant: 'no' } },
  };
  expect(setVariant(yes, { flag: 'a', variant: 'on' }).flags['a']?.defaultVariant).toBe('yes');
  expect(codeOf(() => setVariant(document, { flag: 'chekout', variant: 'on' }))).toBe('flags/no-such-flag');
  expect(codeOf(() => setVariant(document, { flag: 'toString', variant: 'on' }))).toBe('flags/no-such-flag');
  expect(codeOf(() => setVariant(document, { flag: 'theme', variant: 'on' }))).toBe('flags/no-such-variant');
});

const users = Array.from({ length: 4_000 }, (_, index) => `user-${index}`);
const inShare = (of: FlagDocument, flag: string, variant: string) => {
  const snapshot = new FlagSnapshot(1, of);
  return new Set(
    users.filter((user) => variantOf(snapshot.resolve(flag, { targetingKey: user })) === variant),
  );
};

test('a ramp reaches so many users, and who is in stays in while it grows', () => {
  let ramped = document;
  let before = new Set<string>();
  for (const percent of [0, 0.5, 10, 33.33, 50, 100]) {
    ramped = rampVariant(ramped, { flag: 'checkout', variant: 'on', percent });
    expect(parseFlags(JSON.stringify(ramped), 'f').ok).toBe(true);
    const now = inShare(ramped, 'checkout', 'on');
    expect(Math.abs(now.size / users.length - percent / 100)).toBeLessThan(0.03);
    expect([...before].filter((user) => !now.has(user))).toEqual([]);
    before = now;
  }
  expect(before.size).toBe(users.length);
});

test('who is outside a ramp keeps what everybody had', () => {
  const ramped = rampVariant(document, { flag: 'theme', variant: 'dark', percent: 20 });
  expect(inShare(ramped, 'theme', 'light').size + inShare(ramped, 'theme', 'dark').size).toBe(users.length);
  const snapshot = new FlagSnapshot(1, ramped);
  expect(variantOf(snapshot.resolve('theme', {}))).toBe('light');
  expect(differences(document, ramped)).toEqual(['theme: rules none → dark for 20 %, light for 80 %']);
});

test('a ramp of the default that already stands leaves the rest to the only other variant', () => {
  const on = setVariant(document, { flag: 'checkout', variant: 'on' });
  const ramped = rampVariant(on, { flag: 'checkout', variant: 'on', percent: 25 });
  expect(ramped.flags['checkout']).toMatchObject({ defaultVariant: 'off' });
  expect(codeOf(() => rampVariant(document, { flag: 'theme', variant: 'light', percent: 5 }))).toBe(
    'flags/which-rest',
  );
});

test('a ramp refuses what it would break', () => {
  const ruled: FlagDocument = { flags: { checkout: { ...checkout, targeting: forPro } } };
  expect(codeOf(() => rampVariant(ruled, { flag: 'checkout', variant: 'on', percent: 5 }))).toBe(
    'flags/own-rules',
  );
  for (const percent of [-1, 100.5, 0.001, Number.NaN])
    expect(codeOf(() => rampVariant(document, { flag: 'checkout', variant: 'on', percent }))).toBe(
      'flags/bad-percent',
    );
});

test('a difference names each part that changed, and the order of keys is none', () => {
  const other: FlagDocument = {
    flags: {
      theme: { ...theme, variants: { light: '#fff', dark: '#111' } },
      banner: { ...checkout, state: 'DISABLED' },
    },
    $evaluators: { isPro: true },
  };
  expect(differences(document, other)).toEqual([
    'banner: new, off by default, disabled',
    'checkout: removed',
    'theme: variant dark "#000" → "#111"',
    'theme: variant blue removed',
    'shared rules changed',
  ]);
  expect(differences(document, { flags: { theme, checkout } })).toEqual([]);
});

test('values, types, disabled flags and those without a default are what flagd makes of them', () => {
  const snapshot = new FlagSnapshot(1, {
    flags: {
      checkout: { ...checkout, targeting: forPro },
      off: { ...checkout, state: 'DISABLED' },
      open: { ...checkout, defaultVariant: null },
      limits: { state: 'ENABLED', variants: { small: { seats: 3 } }, defaultVariant: 'small' },
    },
  });
  expect(snapshot.resolve('checkout', { plan: 'pro' }, 'boolean')).toMatchObject({
    value: true,
    variant: 'on',
    reason: 'TARGETING_MATCH',
  });
  expect(snapshot.resolve('checkout', {}, 'string')).toMatchObject({ kind: 'error', code: 'TYPE_MISMATCH' });
  expect(snapshot.resolve('none', {})).toMatchObject({ kind: 'error', code: 'FLAG_NOT_FOUND' });
  expect(snapshot.resolve('off', {})).toMatchObject({ kind: 'default', reason: 'DISABLED' });
  expect(snapshot.resolve('open', {})).toMatchObject({ kind: 'default', reason: 'DEFAULT' });
  expect(snapshot.resolve('limits', {}, 'object')).toMatchObject({ value: { seats: 3 }, reason: 'STATIC' });
  expect(snapshot.resolveAll({}).map(({ key }) => key)).toEqual(['checkout', 'limits']);
});

test('a flag has changed with the shared rule that it uses', () => {
  const shared = (plan: string): FlagDocument => ({
    flags: { checkout: { ...checkout, targeting: { if: [{ $ref: 'isPro' }, 'on', 'off'] } }, theme },
    $evaluators: { isPro: { '==': [{ var: 'plan' }, plan] } },
  });
  const [before, after] = [new FlagSnapshot(1, shared('pro')), new FlagSnapshot(2, shared('team'))];
  expect(after.changedSince(before)).toEqual([{ key: 'checkout', how: 'update' }]);
  expect(new FlagSnapshot(3, { flags: {} }).changedSince(after).map(({ how }) => how)).toEqual([
    'delete',
    'delete',
  ]);
});

test('why somebody gets what they get is said in words', () => {
  const ramped = new FlagSnapshot(
    1,
    rampVariant(document, { flag: 'checkout', variant: 'on', percent: 100 }),
  );
  expect(explainFlag(ramped, 'checkout', { targetingKey: '42' })).toEqual({
    flag: 'checkout',
    variant: 'on',
    value: 'true',
    reason: 'TARGETING_MATCH',
    why: 'by its rules: on for 100 %, off for 0 %',
  });
  expect(explainFlag(ramped, 'checkout', {}).why).toBe(
    'no rule picks a variant (on for 100 %, off for 0 %); without a targetingKey nobody is in a share',
  );
  expect(explainFlag(ramped, 'theme', {}).why).toBe('everybody gets it: there are no rules');
});
