import { expect, test } from 'vitest';
import { parseEnvFile } from './env-file.ts';

test('values are read as people write them', () => {
  const text = [
    '# a comment',
    'PLAIN=a b ',
    'export EXPORTED=x # said later',
    'HASH=a#b',
    "SINGLE='as it is \\n $X'",
    'DOUBLE="a\\nb \\"c\\""',
    'LINES="one',
    'two"',
    'EMPTY=',
    '',
    'LAST=end',
  ].join('\r\n');
  expect(parseEnvFile(`\uFEFF${text}`, '.env')).toEqual({
    PLAIN: 'a b',
    EXPORTED: 'x',
    HASH: 'a#b',
    SINGLE: 'as it is \\n $X',
    DOUBLE: 'a\nb "c"',
    LINES: 'one\ntwo',
    EMPTY: '',
    LAST: 'end',
  });
});

test('a line that is no value is named, without what it holds', () => {
  expect(() => parseEnvFile('A=1\nsecret without a name\n', '.secrets')).toThrow(
    '.secrets:2 is not NAME=value',
  );
});
