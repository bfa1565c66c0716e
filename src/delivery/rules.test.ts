import { describe, expect, test } from 'vitest';
import { isOpen, mayNotApprove, unmetRules, whoMayApprove } from './rules.ts';
import { aRequest } from './testing/builders.ts';
import { noRules } from './revision.ts';

const officeHours = {
  text: 'Mon-Fri 09:00-17:00 Europe/Berlin',
  days: [1, 2, 3, 4, 5],
  fromMinute: 9 * 60,
  toMinute: 17 * 60,
  timeZone: 'Europe/Berlin',
};
const nights = { ...officeHours, text: 'Fri 22:00-02:00 UTC', days: [5], timeZone: 'UTC' };
const late = { ...nights, fromMinute: 22 * 60, toMinute: 2 * 60 };
const at = (text: string) => Date.parse(text);

describe('a deployment window', () => {
  test.each([
    ['opens by the clocks of its own time zone, in winter', officeHours, '2026-01-05T08:00:00Z', true],
    ['is closed a minute before', officeHours, '2026-01-05T07:59:00Z', false],
    ['opens an hour earlier by UTC in summer', officeHours, '2026-07-06T07:00:00Z', true],
    ['does not include its end', officeHours, '2026-01-05T16:00:00Z', false],
    ['is closed on other days', officeHours, '2026-01-04T12:00:00Z', false],
    ['may end on the day after', late, '2026-01-03T01:59:00Z', true],
    ['and no later than then', late, '2026-01-03T02:00:00Z', false],
    ['does not begin on the day after', late, '2026-01-03T23:00:00Z', false],
    ['that holds midnight begins in the evening', late, '2026-01-02T22:00:00Z', true],
  ])('%s', (_, window, moment, open) => {
    expect(isOpen(window, at(moment))).toBe(open);
  });
});

test('the rules that are not met are named in the order in which people meet them', () => {
  const rules = { ...noRules, reviewers: ['lena'], waitTimerMs: 60_000, windows: [officeHours] };
  const sunday = at('2026-01-04T12:00:00Z');
  const unmet = (approvedBy: string | null, elapsedMs: number) =>
    unmetRules(rules, { approvedBy, elapsedMs }, sunday);
  expect(unmet(null, 0)).toEqual(['approval', 'timer', 'window']);
  expect(unmet('lena', 60_000)).toEqual(['window']);
  expect(unmetRules(noRules, { approvedBy: null, elapsedMs: 0 }, sunday)).toEqual([]);
});

describe('who may approve', () => {
  const of = (reviewers: string[], preventSelfReview: boolean) =>
    aRequest(1, 'good', { rules: { reviewers, preventSelfReview } });

  test('anybody, where no reviewers are named', () => {
    expect(mayNotApprove(of([], false), 'eve')).toBeNull();
    expect(whoMayApprove(of([], false))).toBeNull();
  });

  test('only reviewers, where some are', () => {
    expect(mayNotApprove(of(['lena', 'tom'], false), 'eve')).toBe(
      'eve is not among its reviewers (lena, tom)',
    );
    expect(mayNotApprove(of(['lena', 'tom'], false), 'tom')).toBeNull();
  });

  test('not the one who asked, where that is ruled out', () => {
    expect(mayNotApprove(of(['ana', 'tom'], true), 'ana')).toBe(
      'ana asked for it, so somebody else must approve it',
    );
    expect(whoMayApprove(of(['ana', 'tom'], true))).toEqual(['tom']);
    expect(mayNotApprove(of(['ana'], false), 'ana')).toBeNull();
  });
});
