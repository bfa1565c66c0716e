/*
 * The five fields of POSIX cron as GitHub takes them: numbers, names of months and days, `*`, lists, ranges, steps.
 */

interface Field {
  name: string;
  least: number;
  most: number;
  /** Short names, the first of which stands for `least`. */
  words: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields: readonly Field[] = [
  { name: 'minute', least: 0, most: 59, words: [] },
  { name: 'hour', least: 0, most: 23, words: [] },
  { name: 'day of the month', least: 1, most: 31, words: [] },
  { name: 'month', least: 1, most: 12, words: months },
  { name: 'day of the week', least: 0, most: 6, words: days },
];

/** Which values each of the five fields allows, in rising order. */
export interface Cron {
  minutes: number[];
  hours: number[];
  daysOfMonth: number[];
  months: number[];
  daysOfWeek: number[];
}

/** A schedule read, or what is wrong with it in words. */
export type ParsedCron = { ok: true; cron: Cron } | { ok: false; problem: string };

/**
 * Reads the `cron` of a schedule.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html, and names and steps as GitHub adds them.
 */
export function parseCron(text: string): ParsedCron {
  if (text.startsWith('@')) return { ok: false, problem: 'short forms with @ are not taken' };
  const parts = text.trim().split(/\s+/);
  if (parts.length !== 5 || text.trim() === '') {
    const count = text.trim() === '' ? 0 : parts.length;
    return { ok: false, problem: `it has ${count} ${count === 1 ? 'field' : 'fields'} instead of five` };
  }
  const read: number[][] = [];
  for (const [index, field] of fields.entries()) {
    const values = new Set<number>();
    for (const item of (parts[index] ?? '').split(',')) {
      const found = itemValues(item, field);
      if (typeof found === 'string') return { ok: false, problem: found };
      for (const value of found) values.add(value);
    }
    read.push([...values].toSorted((a, b) => a - b));
  }
  const [minutes = [], hours = [], daysOfMonth = [], monthsOfYear = [], daysOfWeek = []] = read;
  return { ok: true, cron: { minutes, hours, daysOfMonth, months: monthsOfYear, daysOfWeek } };
}

/** One item of a list: `*`, `5`, `MON-FRI`, and any of these with a step behind a slash. */
function itemValues(item: string, field: Field): number[] | string {
  const [range = '', step, ...more] = item.split('/');
  if (more.length > 0) return `"${item}" has more than one step`;
  const stride = step === undefined ? 1 : whole(step);
  if (stride === undefined || stride < 1 || stride > field.most)
    return `the step of the ${field.name} must be 1-${field.most}, and here is "${step}"`;
  const bounds = boundsOf(range, field, step !== undefined);
  if (typeof bounds === 'string') return bounds;
  const values: number[] = [];
  for (let value = bounds.from; value <= bounds.to; value += stride) values.push(value);
  return values;
}

function boundsOf(range: string, field: Field, stepped: boolean): { from: number; to: number } | string {
  if (range === '*') return { from: field.least, to: field.most };
  const [first = '', last, ...more] = range.split('-');
  const from = valueOf(first, field);
  const to = last === undefined ? (stepped ? field.most : from) : valueOf(last, field);
  const allowed = field.words.length > 0 ? ` or ${field.words[0]}-${field.words.at(-1)}` : '';
  if (from === undefined || to === undefined || more.length > 0)
    return `the ${field.name} must be ${field.least}-${field.most}${allowed}, and here is "${range}"`;
  return to < from ? `the range "${range}" runs backwards` : { from, to };
}

function valueOf(text: string, field: Field): number | undefined {
  const word = field.words.indexOf(text.toLowerCase());
  if (word !== -1) return word + field.least;
  const value = whole(text);
  return value !== undefined && value >= field.least && value <= field.most ? value : undefined;
}

function whole(text: string): number | undefined {
  return /^\d{1,3}$/.test(text) ? Number(text) : undefined;
}

/** Minutes between the two closest starts within an hour; 60 when there is one start an hour. */
export function shortestGapMinutes({ minutes }: Cron): number {
  const gaps = minutes.map((minute, index) => (minutes[index + 1] ?? (minutes[0] ?? 0) + 60) - minute);
  return Math.min(60, ...gaps);
}

const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether no date satisfies it, such as the 31st of February. A weekday that is also limited makes any month possible. */
export function neverComes({ daysOfMonth, months: chosen, daysOfWeek }: Cron): boolean {
  if (daysOfWeek.length < 7) return false;
  const first = daysOfMonth[0] ?? 1;
  return chosen.every((month) => first > (longestMonth[month - 1] ?? 31));
}

/** Whether a name is a time zone of the IANA database. */
export function isTimeZone(name: string): boolean {
  // The constructor takes offsets such as +01:00 too, which name no zone.
  if (!/^[a-z]/i.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
