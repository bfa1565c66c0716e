import type { EngineCalls } from './call.ts';
import { readFrames } from './frames.ts';

/** @see Containers.linesAfter */
export async function* linesAfter(
  calls: EngineCalls,
  name: string,
  after: string | null,
): AsyncGenerator<{ at: string; text: string }> {
  const path = `/containers/${encodeURIComponent(name)}`;
  const asked = `read the log of the container ${name}`;
  const details = await calls.ask<{ Config: { Tty: boolean } }>({
    asked,
    method: 'GET',
    path: `${path}/json`,
  });
  const which = after === null ? { tail: '1' } : { since: sinceOf(after) };
  const stream = await calls.stream({
    asked,
    method: 'GET',
    path: `${path}/logs`,
    query: { stdout: true, stderr: true, timestamps: true, ...which },
  });
  try {
    for await (const { at, text } of timedLines(
      readFrames(stream as AsyncIterable<Buffer>, details.Config.Tty),
    ))
      if (after === null || at > after) yield { at, text };
  } finally {
    (stream as unknown as { destroy(): void }).destroy();
  }
}

/** Seconds since 1970, with what comes after the point as it is: no number of ours holds nanoseconds. */
function sinceOf(after: string): string {
  if (after === '') return '0';
  const [, seconds = '', fraction = '0'] = /^([^.]+?)(?:\.(\d+))?Z$/.exec(after) ?? [];
  return `${Date.parse(`${seconds}Z`) / 1000}.${fraction}`;
}

/** Takes a stream apart into lines; each begins with its time. */
export async function* timedLines(
  parts: AsyncIterable<Buffer>,
): AsyncGenerator<{ at: string; text: string }> {
  let rest = '';
  for await (const part of parts) {
    const lines = (rest + part.toString('utf8')).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) yield timed(line);
  }
  if (rest !== '') yield timed(rest);
}

function timed(line: string): { at: string; text: string } {
  const end = line.indexOf(' ');
  return end < 0 ? { at: line, text: '' } : { at: line.slice(0, end), text: line.slice(end + 1) };
}
