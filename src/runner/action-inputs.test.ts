import { describe, expect, test } from 'vitest';
import { fromJson, type Scope } from '../expressions/index.ts';
import { builtInActions, parseAction } from '../workflow/index.ts';
import { builtInInputs, localInputs } from './action-inputs.ts';
import { actionReference } from './action-reference.ts';

const scope: Scope = { contexts: { github: fromJson({ actor: 'ana' }) } };

describe('inputs of an action of the repository', () => {
  const parsed = parseAction(
    `name: A
description: a
inputs:
  Who: { description: x, required: true }
  by: { description: x, default: '\${{ github.actor }}', required: true }
  empty: { description: x }
  old: { description: x, deprecationMessage: use who }
runs: { using: node24, main: m.js }
`,
    'a/action.yml',
  );
  const inputs = (given: Record<string, string>) => {
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
    return localInputs(parsed.value, given, scope);
  };

  test('are found without regard to case, and the others get their defaults', () => {
    expect(inputs({ WHO: 'bo' })).toEqual({
      values: { who: 'bo', by: 'ana', empty: '', old: '' },
      warnings: [],
    });
  });

  test('that are given as empty stay empty', () => {
    expect(inputs({ who: '', by: '' }).values).toMatchObject({ who: '', by: '' });
  });

  test('are warned about when missing, unknown or deprecated', () => {
    const { values, warnings } = inputs({ old: '1', odd: '2', rare: '3' });
    expect(values).toMatchObject({ old: '1', odd: '2', rare: '3' });
    expect(warnings).toEqual([
      "Input 'Who' is required by a/action.yml, and not given.",
      "Input 'old' has been deprecated with message: use who",
      "Unexpected input(s) 'odd', 'rare', valid inputs are ['Who', 'by', 'empty', 'old']",
    ]);
  });
});

describe('inputs of a built-in action', () => {
  const action = builtInActions['actions/cache'];
  if (!action) throw new Error('actions/cache is built in');

  test('that are empty count as left out', () => {
    const { values } = builtInInputs(action, { path: 'p', KEY: 'k', 'restore-keys': '' });
    expect(values).toEqual({ path: 'p', key: 'k' });
  });

  test('are needed where the action says so', () => {
    expect(() => builtInInputs(action, { path: 'p', key: '' })).toThrow(
      'Input required and not supplied: key',
    );
  });

  test('must be values that are honoured', () => {
    expect(() => builtInInputs(action, { path: 'p', key: 'k', 'lookup-only': 'perhaps' })).toThrow(
      'the input "lookup-only" of actions/cache cannot be "perhaps" here',
    );
    expect(builtInInputs(action, { path: 'p', key: 'k', other: 'x' }).warnings).toEqual([
      expect.stringContaining("Unexpected input(s) 'other', valid inputs are ['path', 'key'"),
    ]);
  });
});

describe('what a step uses', () => {
  test('is a folder of the workspace', () => {
    expect(actionReference('./a/b', '/w')).toEqual({ kind: 'local', directory: '/w/a/b' });
    expect(actionReference('$/a', '/w')).toEqual({ kind: 'local', directory: '/w/a' });
    expect(actionReference('./', '/w')).toEqual({ kind: 'local', directory: '/w' });
  });

  test('is built in, by its version too', () => {
    expect(actionReference('Actions/Checkout@v4.1', '/w')).toMatchObject({
      kind: 'built-in',
      action: { name: 'actions/checkout' },
    });
    expect(() => actionReference('actions/checkout@v99', '/w')).toThrow(
      'the action "actions/checkout@v99" is not on this machine',
    );
  });

  test('is refused when it would have to be downloaded or needs a container', () => {
    expect(() => actionReference('owner/thing@v1', '/w')).toThrow('is not on this machine');
    expect(() => actionReference('docker://alpine:3', '/w')).toThrow(
      'the action "docker://alpine:3" runs in a container',
    );
  });
});
