import { describe, expect, test } from 'vitest';
import { renderFindings, type Result } from '../diagnostics/index.ts';
import { inputTexts, parseWorkflow, resolveInputs, type InputDefinition, type InputsFrom } from './index.ts';

function definitions(event: string, inputs: string): Record<string, InputDefinition> {
  const on = `on: { ${event}: { inputs: ${inputs} } }`;
  const parsed = parseWorkflow(
    `${on}\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: ls }] } }`,
    'ci.yml',
  );
  if (!parsed.ok) throw new Error(renderFindings(parsed.findings));
  return parsed.value.triggers[0]?.inputs ?? {};
}

const dispatch: InputsFrom = { kind: 'dispatch' };
const dispatched = (inputs: string, given: Record<string, unknown>) =>
  resolveInputs(definitions('workflow_dispatch', inputs), given, dispatch);
const called = (inputs: string, given: Record<string, unknown>) =>
  resolveInputs(definitions('workflow_call', inputs), given, {
    kind: 'call',
    at: { file: 'ci.yml', start: { line: 9, column: 7 }, end: { line: 9, column: 8 } },
    evaluate: ({ text }) => (text === '${{ github.run_number }}' ? 41 : text),
  });

const value = <T>(result: Result<T>) => (result.ok ? result.value : renderFindings(result.findings));

describe('inputs of a dispatch', () => {
  const all = `{ name: { type: string }, dry: { type: boolean }, count: { type: number },
    size: { type: choice, options: [small, large] }, place: { type: environment }, plain: {} }`;

  test('texts become what the types say', () => {
    const given = { name: '7', dry: 'true', count: '1e3', size: 'large', place: 'staging', plain: 'x' };
    expect(value(dispatched(all, given))).toEqual({
      name: '7',
      dry: true,
      count: 1000,
      size: 'large',
      place: 'staging',
      plain: 'x',
    });
  });

  test('what is not given and has no default is false, 0 or empty', () => {
    expect(value(dispatched(all, {}))).toEqual({
      name: '',
      dry: false,
      count: 0,
      size: '',
      place: '',
      plain: '',
    });
  });

  test('defaults are taken as they are written, expressions too', () => {
    const inputs =
      '{ a: { default: "${{ x }}" }, b: { type: boolean, default: true }, c: { type: number, default: 2 } }';
    expect(value(dispatched(inputs, {}))).toEqual({ a: '${{ x }}', b: true, c: 2 });
  });

  test('a default serves where an input is required', () => {
    expect(value(dispatched('{ a: { required: true, default: x } }', {}))).toEqual({ a: 'x' });
  });

  test('names do not differ by case, and come out as declared', () => {
    expect(value(dispatched('{ Name: {} }', { NAME: 'x' }))).toEqual({ Name: 'x' });
  });

  test('typed values are taken as well', () => {
    expect(value(dispatched(all, { dry: true, count: 3, name: 5 }))).toMatchObject({
      dry: true,
      count: 3,
      name: '5',
    });
  });

  test('a name that is a property of every object is an input like any other', () => {
    expect(value(dispatched('{ constructor: {}, __proto__: {} }', { constructor: 'x' }))).toEqual(
      Object.fromEntries([
        ['constructor', 'x'],
        ['__proto__', ''],
      ]),
    );
  });

  test('all mistakes are said at once, each with the way out', () => {
    const inputs = `{ who: { required: true, description: Who }, dry: { type: boolean }, count: { type: number },
      size: { type: choice, options: [small, large] } }`;
    const given = { dry: 'perhaps', count: 'ten', size: 'medium', conut: '1', who: '' };
    expect(value(dispatched(inputs, given))).toBe(
      [
        'error[workflow/unknown-input]: the workflow has no input "conut"',
        '  = its inputs: who, dry, count, size',
        '  = help: did you mean "count"?',
        '',
        'error[workflow/missing-input]: the workflow needs the input "who"',
        '  = who: Who',
        '  = help: add --input who=…',
        '',
        'error[workflow/invalid-value]: the input "dry" must be true or false, and here is "perhaps"',
        '  = help: such as --input dry=true',
        '',
        'error[workflow/invalid-value]: the input "count" must be a number, and here is "ten"',
        '  = help: such as --input count=1',
        '',
        'error[workflow/invalid-value]: the input "size" must be one of small, large, and here is "medium"',
        '  = help: such as --input size=small',
      ].join('\n'),
    );
  });

  test('github.event.inputs holds the same as text', () => {
    expect(inputTexts({ dry: true, count: 1.5, name: 'x', empty: '' })).toEqual({
      dry: 'true',
      count: '1.5',
      name: 'x',
      empty: '',
    });
  });
});

describe('inputs of a call', () => {
  test('a default may be an expression, evaluated when it is needed', () => {
    const inputs = '{ n: { type: number, default: "${{ github.run_number }}" } }';
    expect(value(called(inputs, {}))).toEqual({ n: 41 });
    expect(value(called(inputs, { n: 7 }))).toEqual({ n: 7 });
  });

  test('an empty text is an answer', () => {
    expect(value(called('{ a: { type: string, required: true } }', { a: '' }))).toEqual({ a: '' });
  });

  test('a required input must be given even where it has a default, and the call is pointed at', () => {
    expect(value(called('{ a: { type: string, required: true, default: x } }', {}))).toBe(
      [
        'error[workflow/missing-input]: the workflow needs the input "a"',
        ' --> ci.yml:9:7',
        '  = help: add `a:` under `with:`',
      ].join('\n'),
    );
  });

  test.each([
    ['boolean', 1, 'true or false, and here is 1'],
    ['number', true, 'a number, and here is true'],
    ['number', '', 'a number, and here is ""'],
    ['string', ['x'], 'a single value, and here is ["x"]'],
  ])('a %s does not take %j', (type, given, wanted) => {
    expect(value(called(`{ a: { type: ${type} } }`, { a: given }))).toBe(
      `error[workflow/invalid-value]: the input "a" must be ${wanted}\n --> ci.yml:9:7\n  = help: change \`a:\` under \`with:\``,
    );
  });
});
