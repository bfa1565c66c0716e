import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { shipDisplay } from './display.ts';
import { widthOf } from './render/text.ts';
import { terminalOf, type Terminal } from './terminal.ts';
import { shipStory, startMs } from './testing/views.ts';
import type { CliContext } from './context.ts';

function stream(isTTY: boolean, columns?: number): NodeJS.WriteStream {
  return { isTTY, columns, rows: 24, write: () => true } as unknown as NodeJS.WriteStream;
}

test('colours and drawing only on a terminal, and only where nobody said no', () => {
  const facts = (one: Terminal) => [one.live, one.color];
  expect(facts(terminalOf(stream(true), {}, false))).toEqual([true, true]);
  expect(facts(terminalOf(stream(true), {}, true))).toEqual([true, false]);
  expect(facts(terminalOf(stream(true), { NO_COLOR: '1' }, false))).toEqual([true, false]);
  expect(facts(terminalOf(stream(true), { TERM: 'dumb' }, false))).toEqual([false, false]);
  expect(facts(terminalOf(stream(false), {}, false))).toEqual([false, false]);
});

test('pipes are as wide as their lines, terminals as they say', () => {
  expect(terminalOf(stream(false), {}, false).columns()).toBe(Number.MAX_SAFE_INTEGER);
  expect(terminalOf(stream(true, 61), {}, false).columns()).toBe(61);
  expect(terminalOf(stream(true), {}, false).columns()).toBe(80);
});

test('on a terminal the last state is left standing, whole, however short the terminal is', () => {
  let text = '';
  const out: Terminal = {
    write: (more) => void (text += more),
    live: true,
    color: true,
    columns: () => 60,
    rows: () => 4,
  };
  const context = { out, err: out, nowMs: () => startMs + 13_200 } as CliContext;
  const display = shipDisplay(context, {});
  for (const view of shipStory()) display.show(view);
  display.note('the server does not answer');
  display.end();
  const lines = stripVTControlCharacters(text).trimEnd().split('\n');
  expect(lines).toHaveLength(8);
  expect(lines.every((line) => widthOf(line) <= 60)).toBe(true);
  expect(lines[0]).toContain('medianest');
  expect(lines.at(-1)).toContain('all well');
});
