import { expect, test } from 'vitest';
import { lotText, parseLot } from './lot-text.ts';

const revision = (id: string, weightPercent: number) => ({ id, weightPercent, endpoints: [] });

test('a lot is read as it was written', () => {
  const text = lotText([revision('r7', 90), revision('r8', 10), revision('r6', 0)]);
  expect(text).toBe('r7=90,r8=10');
  expect(parseLot(text)).toEqual({ r7: 90, r8: 10 });
});

test('nothing is drawn where all go one way, and what is no lot is none', () => {
  expect(lotText([revision('r7', 100), revision('r8', 0)])).toBe('');
  for (const text of ['', '-', 'r7=100', 'r7=90,r8', 'r7=90,=10', 'r7=a,r8=b'])
    expect(parseLot(text)).toBeNull();
});
