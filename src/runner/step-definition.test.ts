import { describe, expect, test } from 'vitest';
import { fromJson, type Scope } from '../expressions/index.ts';
import { insertKey, parseWorkflow, type Template } from '../workflow/index.ts';
import { actionNames, actionOrigin, evaluateEnv } from './step-definition.ts';

const at = { file: 'ci.yml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
const template = (text: string): Template => ({ text, at });
const scope: Scope = {
  contexts: { vars: fromJson({ name: 'KEY', map: { A: 1, B: true, c: null }, text: 'x' }) },
};

describe('a map of variables', () => {
  test('takes names that are expressions', () => {
    expect(evaluateEnv({ '${{ vars.name }}_1': template('v') }, scope)).toEqual({ KEY_1: 'v' });
  });

  test('takes a whole object in, whose place decides what wins', () => {
    const env = { A: template('before'), [insertKey]: template('${{ vars.map }}'), B: template('after') };
    expect(evaluateEnv(env, scope)).toEqual({ A: '1', B: 'after', c: '' });
  });

  test('takes nothing in for nothing', () => {
    expect(evaluateEnv({ [insertKey]: template('${{ vars.none }}') }, scope)).toEqual({});
  });

  test('refuses to take in what is no object', () => {
    expect(() => evaluateEnv({ [insertKey]: template('${{ vars.text }}') }, scope)).toThrow(
      '${{ vars.text }} is not an object of names and values',
    );
  });

  test('holds a variable by the name of an inherited property', () => {
    expect(Object.entries(evaluateEnv({ ['__proto__']: template('v') }, scope))).toEqual([
      ['__proto__', 'v'],
    ]);
  });
});

describe('steps as `github` names them', () => {
  const workflow = parseWorkflow(
    `on: push
jobs:
  x:
    runs-on: ubuntu-latest
    steps:
      - run: a
      - run: b
      - { run: c, id: mine }
      - uses: ./here
      - uses: ./there
      - uses: actions/upload-artifact@v4
        with: { path: x }
`,
    'ci.yml',
  );
  const [job] = workflow.ok ? workflow.value.jobs : [];
  const steps = job?.kind === 'steps' ? job.steps : [];

  test('have their id, or a name of their kind and number', () => {
    expect(actionNames(steps)).toEqual([
      '__run',
      '__run_2',
      'mine',
      '__self',
      '__self_2',
      '__actions_upload-artifact',
    ]);
  });

  test('say where an action comes from, unless it is from the repository itself', () => {
    expect(steps.slice(4).map(actionOrigin)).toEqual([
      { action_repository: '', action_ref: '' },
      { action_repository: 'actions/upload-artifact', action_ref: 'v4' },
    ]);
  });
});
