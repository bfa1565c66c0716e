const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Words that people write for a unit, and the unit that is meant. */
const meant: Record<string, keyof typeof unitMs> = {
  millisecond: 'ms',
  milliseconds: 'ms',
  msec: 'ms',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
};

/** The longest duration that is accepted, a year: a longer one is a slip of the keyboard. */
const longestMs = 365 * 24 * unitMs.h;

/** A duration, or why the text is none and what to write instead. */
export type DurationResult = { ok: true; ms: number } | { ok: false; reason: string; help: string };

/** Reads `250ms`, `10s`, `5m` or `1h`: a whole number and one unit, nothing else. */
export function parseDuration(text: string): DurationResult {
  const match = /^(-?\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (!match) return refuse(`"${text}" is not a duration`);
  const [, number = '', unit = ''] = match;
  if (unit === '') return refuse(`"${text}" has no unit`, `write ${number}s if seconds are meant`);
  if (!isUnit(unit))
    return refuse(`"${unit}" is not a unit of time`, helpForUnit(number, unit.toLowerCase()));
  if (!/^\d+$/.test(number)) return refuse(`"${text}" is not a whole number of ${unit}`);
  const ms = Number(number) * unitMs[unit];
  if (ms > longestMs) return refuse(`"${text}" is longer than a year`, 'write at most 8760h');
  if (text !== `${number}${unit}`) return refuse(`"${text}" has spaces in it`, `write ${number}${unit}`);
  return { ok: true, ms };
}

/** Writes a duration the way `parseDuration` reads it, in the largest unit that divides it: 90 000 is `90s`. */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  for (const unit of ['h', 'm', 's'] as const) {
    if (whole > 0 && whole % unitMs[unit] === 0) return `${whole / unitMs[unit]}${unit}`;
  }
  return whole === 0 ? '0s' : `${whole}ms`;
}

function isUnit(text: string): text is keyof typeof unitMs {
  return Object.hasOwn(unitMs, text);
}

function helpForUnit(number: string, unit: string): string | undefined {
  if (unit === 'd' || unit === 'day' || unit === 'days') return `write ${Number(number) * 24}h`;
  const right = Object.hasOwn(meant, unit) ? meant[unit] : isUnit(unit) ? unit : undefined;
  return right && `write ${number}${right}`;
}

function refuse(
  reason: string,
  help = 'write a number and a unit, such as 250ms, 10s, 5m or 1h',
): DurationResult {
  return { ok: false, reason, help };
}
