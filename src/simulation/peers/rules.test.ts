import { expect, test } from 'vitest';
import { argo } from './argo.ts';
import { flagger } from './flagger.ts';
import { kayenta } from './kayenta.ts';
import { shiftBetween } from './mann-whitney.ts';
import type { Minute, Rule } from './peer.ts';

const fine: Minute = { requests: 100, errors: 1, slow: [3, 1] };
const failing: Minute = { requests: 100, errors: 2, slow: [3, 1] };
const slow: Minute = { requests: 100, errors: 0, slow: [3, 2] };
const empty: Minute = { requests: 0, errors: 0, slow: [0, 0] };

/** After how many minutes a rule goes back; null for never. */
function minutesOf(rule: Rule, minutes: Minute[]): number | null {
  const index = minutes.findIndex((minute) => rule.minute(minute, fine));
  return index === -1 ? null : index + 1;
}

test('Flagger goes back at the check after five failed ones, whatever was between them', () => {
  expect(minutesOf(flagger(), [failing, slow, fine, failing, empty, fine, failing, fine])).toBe(8);
  expect(minutesOf(flagger(), [failing, slow, fine, failing, empty, fine])).toBeNull();
});

test('Argo goes back at the first bad minute, or after five without traffic', () => {
  expect(minutesOf(argo(), [fine, slow, failing])).toBe(3);
  expect(minutesOf(argo(), [empty, empty, fine, empty, empty, empty, empty])).toBeNull();
  expect(minutesOf(argo(), [fine, empty, empty, empty, empty, empty])).toBe(6);
});

/** wilcox.test(c(6, 7, 8, 9, 10), c(1.1, 2.2, 3.3, 4.4, 5.5), conf.int = TRUE, exact = FALSE) in R. */
test('the shift between two samples is that of R', () => {
  const shift = shiftBetween([1.1, 2.2, 3.3, 4.4, 5.5], [6, 7, 8, 9, 10], 1.959_964);
  expect(shift?.estimate).toBeGreaterThan(4.4);
  expect(shift?.estimate).toBeLessThan(5);
  expect(shift?.lower).toBeGreaterThan(1.5);
  expect(shift?.lower).toBeLessThan(3);
  expect(shiftBetween([1, 1], [1, 1], 1.96)).toBeNull();
});

test('Kayenta needs many minutes where those of both revisions overlap, and few where they do not', () => {
  const after = (minutes: number, least: number) => {
    const rule = kayenta();
    for (let minute = 0; minute < minutes; minute++)
      rule.minute({ ...fine, errors: least + (minute % 5) }, { ...fine, errors: minute % 3 });
    return rule.end();
  };
  expect([after(5, 1), after(15, 1), after(50, 1)]).toEqual([false, true, true]);
  expect([after(1, 3), after(3, 3)]).toEqual([false, true]);
  expect(kayenta().end()).toBe(false);
});
