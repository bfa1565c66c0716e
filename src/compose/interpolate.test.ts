import { expect, test } from 'vitest';
import { interpolate, type Trouble } from './interpolate.ts';

const env: Record<string, string> = { SET: 'value', EMPTY: '', NESTED: 'SET' };

function put(template: string): { text: string; troubles: Trouble[] } {
  const troubles: Trouble[] = [];
  const text = interpolate(
    template,
    (name) => env[name],
    (trouble) => troubles.push(trouble),
  );
  return { text, troubles };
}

test.each([
  ['plain text', 'plain text'],
  ['$SET', 'value'],
  ['a${SET}b', 'avalueb'],
  ['$SET$SET', 'valuevalue'],
  ['$SET_', ''],
  ['$$', '$'],
  ['$$SET', '$SET'],
  ['$$$SET', '$value'],
  ['${SET:-other}', 'value'],
  ['${EMPTY:-other}', 'other'],
  ['${EMPTY-other}', ''],
  ['${UNSET:-other}', 'other'],
  ['${UNSET-other}', 'other'],
  ['${UNSET:-}', ''],
  ['${SET:+other}', 'other'],
  ['${EMPTY:+other}', ''],
  ['${EMPTY+other}', 'other'],
  ['${UNSET+other}', ''],
  ['${SET:?needed}', 'value'],
  ['${EMPTY?needed}', ''],
  ['${UNSET:-${SET}}', 'value'],
  ['${UNSET:-${ALSO_UNSET:-deep}}', 'deep'],
  ['${UNSET:-a$$b}', 'a$b'],
  ['${UNSET:-{"json": true}', '{"json": true'],
  ['${UNSET:-http://a:80/?b=c}', 'http://a:80/?b=c'],
])('%s becomes %s', (template, text) => {
  expect(put(template).text).toBe(text);
});

test.each<[string, Trouble]>([
  ['$UNSET', { kind: 'unset', name: 'UNSET', text: '$UNSET' }],
  ['${UNSET}', { kind: 'unset', name: 'UNSET', text: '${UNSET}' }],
  [
    '${UNSET:?say $SET}',
    { kind: 'required', name: 'UNSET', reason: 'say value', text: '${UNSET:?say $SET}' },
  ],
  ['${EMPTY:?}', { kind: 'required', name: 'EMPTY', reason: '', text: '${EMPTY:?}' }],
  ['5$', { kind: 'bad-reference', text: '$' }],
  ['$1', { kind: 'bad-reference', text: '$1' }],
  ['${', { kind: 'bad-reference', text: '${' }],
  ['${}', { kind: 'bad-reference', text: '${}' }],
  ['${SET', { kind: 'bad-reference', text: '${SET' }],
  ['${SET!}', { kind: 'bad-reference', text: '${SET!}' }],
])('%s is reported', (template, trouble) => {
  expect(put(template).troubles).toEqual([trouble]);
});

test('a word that is not needed is not looked at', () => {
  expect(put('${SET:-$UNSET}')).toEqual({ text: 'value', troubles: [] });
});
