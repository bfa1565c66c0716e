import { expect, test } from 'vitest';
import { isTimeZone, neverComes, parseCron, shortestGapMinutes, type Cron } from './cron.ts';

function cron(text: string): Cron {
  const parsed = parseCron(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.cron;
}

test('each field lists the values it allows, in order', () => {
  expect(cron('5,*/20 9-17/4 1 JAN,mar-may MON-FRI')).toEqual({
    minutes: [0, 5, 20, 40],
    hours: [9, 13, 17],
    daysOfMonth: [1],
    months: [1, 3, 4, 5],
    daysOfWeek: [1, 2, 3, 4, 5],
  });
});

test('a step behind one number goes on to the end of the field', () => {
  expect(cron('50/4 * * * *').minutes).toEqual([50, 54, 58]);
});

test('spaces around and between the fields do not count', () => {
  expect(cron('  0   3 * *  0 ').hours).toEqual([3]);
});

test.each([
  ['', 'it has 0 fields instead of five'],
  ['* * * * * *', 'it has 6 fields instead of five'],
  ['@hourly', 'short forms with @ are not taken'],
  ['1, * * * *', 'the minute must be 0-59, and here is ""'],
  ['-5 * * * *', 'the minute must be 0-59, and here is "-5"'],
  ['1.5 * * * *', 'the minute must be 0-59, and here is "1.5"'],
  ['* * L * *', 'the day of the month must be 1-31, and here is "L"'],
  ['* * ? * *', 'the day of the month must be 1-31, and here is "?"'],
  ['* * * 0 *', 'the month must be 1-12 or jan-dec, and here is "0"'],
  ['* * * * 1-2-3', 'the day of the week must be 0-6 or sun-sat, and here is "1-2-3"'],
  ['* */25 * * *', 'the step of the hour must be 1-23, and here is "25"'],
  ['*/ * * * *', 'the step of the minute must be 1-59, and here is ""'],
  ['* * * * FRI-MON', 'the range "FRI-MON" runs backwards'],
])('%j is refused', (text, problem) => {
  expect(parseCron(text)).toEqual({ ok: false, problem });
});

test.each([
  ['* * * * *', 1],
  ['*/5 * * * *', 5],
  ['0,58 * * * *', 2],
  ['7 * * * *', 60],
  ['0-3 1 * * *', 1],
])('the starts of %j are closest %i minutes apart', (text, gap) => {
  expect(shortestGapMinutes(cron(text))).toBe(gap);
});

test.each([
  ['0 0 30 2 *', true],
  ['0 0 29 2 *', false],
  ['0 0 31 4,6,9,11 *', true],
  ['0 0 31 4,5 *', false],
  ['0 0 31 2 1', false],
  ['0 0 * 2 *', false],
])('whether no day satisfies %j: %s', (text, never) => {
  expect(neverComes(cron(text))).toBe(never);
});

test.each([
  ['UTC', true],
  ['Europe/Berlin', true],
  ['America/Argentina/Buenos_Aires', true],
  ['+01:00', false],
  ['Berlin', false],
  ['Europe/Berlim', false],
  ['', false],
])('whether %j is a time zone: %s', (name, is) => {
  expect(isTimeZone(name)).toBe(is);
});
