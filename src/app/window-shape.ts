import { didYouMean } from '../diagnostics/index.ts';
import type { DeploymentWindow } from './model.ts';
import { notation } from './notation.ts';
import type { Noted } from './notation.ts';

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const example = 'Mon-Fri 09:00-17:00 Europe/Berlin';

/** A time of the week in which rollouts may begin, written as `Mon-Fri 09:00-17:00 Europe/Berlin`. */
export const deploymentWindow = notation<DeploymentWindow>({
  expects: `a window such as "${example}"`,
  example: `"${example}"`,
  pattern:
    '^((Mon|Tue|Wed|Thu|Fri|Sat|Sun)([-,](Mon|Tue|Wed|Thu|Fri|Sat|Sun))* )?[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}( [A-Za-z0-9_+/-]+)?$',
  allowed:
    'days (Mon to Sun, "Mon-Fri" or "Mon,Wed"; none for every day), times as "09:00-17:00", and a time zone (none for UTC)',
  parse: parseWindow,
});

function parseWindow(text: string): Noted<DeploymentWindow> {
  const match = /^(?:([A-Za-z][A-Za-z,-]*)\s+)?(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})(?:\s+(\S+))?$/.exec(
    text.trim(),
  );
  if (!match) return refuse(`"${text}" is not a window`);
  const [, dayText, fromText = '', toText = '', zone = 'UTC'] = match;
  const days =
    dayText === undefined ? { ok: true as const, value: [1, 2, 3, 4, 5, 6, 7] } : parseDays(dayText);
  if (!days.ok) return days;
  const fromMinute = minuteOf(fromText);
  const toMinute = minuteOf(toText);
  if (fromMinute === null || fromMinute === 1440) return refuse(`"${fromText}" is not a time of day`);
  if (toMinute === null || toMinute === 0)
    return refuse(`"${toText}" is not the end of a window`, 'write 24:00 for midnight');
  if (fromMinute === toMinute)
    return refuse(`"${text}" begins and ends at once`, 'write 00:00-24:00 for the whole day');
  const timeZone = zoneOf(zone);
  if (!timeZone.ok) return timeZone;
  return { ok: true, value: { text, days: days.value, fromMinute, toMinute, timeZone: timeZone.value } };
}

function parseDays(text: string): Noted<number[]> {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const ends = part
      .split('-')
      .map((name) => dayNames.findIndex((day) => day.toLowerCase() === name.toLowerCase()) + 1);
    const wrong = part.split('-')[ends.indexOf(0)];
    if (wrong !== undefined)
      return refuse(
        `"${wrong}" is not a day`,
        'name days by three letters: Mon, Tue, Wed, Thu, Fri, Sat, Sun',
      );
    const [from = 1, to = from, more] = ends;
    if (more !== undefined) return refuse(`"${part}" is not a span of days`);
    for (let day = from; ; day = (day % 7) + 1) {
      days.add(day);
      if (day === to) break;
    }
  }
  return { ok: true, value: [...days].sort((a, b) => a - b) };
}

function minuteOf(text: string): number | null {
  const [hour = 0, minute = 0] = text.split(':').map(Number);
  const minutes = hour * 60 + minute;
  return minute > 59 || minutes > 1440 ? null : minutes;
}

function zoneOf(text: string): Noted<string> {
  try {
    return { ok: true, value: new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone };
  } catch {
    const near = didYouMean(text, Intl.supportedValuesOf('timeZone'));
    return refuse(
      `"${text}" is not a time zone`,
      near === undefined
        ? 'name it as IANA does: Europe/Berlin, or leave it out for UTC'
        : `did you mean "${near}"?`,
    );
  }
}

function refuse(
  reason: string,
  help = `write it like this: windows: ["${example}"]`,
): { ok: false; reason: string; help: string } {
  return { ok: false, reason, help };
}
