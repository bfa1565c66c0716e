import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyJson } from './copy-json.ts';

test('a copy is the same, and shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = copyJson(value);
      expect(copy).toEqual(value);
      const text = JSON.stringify(value);
      wreck(copy);
      expect(JSON.stringify(value)).toBe(text);
    }),
  );
});

function wreck(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    wreck(member);
    Object.assign(value, { [key]: 'wrecked' });
  }
}
