import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

it('sorts keys at every depth and writes no white space', () => {
  expect(canonicalJson({ b: [{ z: 1, a: null }], a: 'ü\n', é: -0, A: 1e21 })).toBe(
    '{"A":1e+21,"a":"ü\\n","b":[{"a":null,"z":1}],"é":0}',
  );
});

it('drops what JSON cannot hold, as JSON.stringify does', () => {
  expect(canonicalJson({ a: undefined, b: Number.NaN, c: [undefined] })).toBe('{"b":null,"c":[null]}');
  expect(canonicalJson(undefined)).toBe('null');
});

it('gives one text for one value, whatever the order of its keys, and that text gives the value again', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(reversed(JSON.parse(JSON.stringify(value))))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
