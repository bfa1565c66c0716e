import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLogTail } from './log-tail.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function tailOf(text: string, lines: number): string[] {
  const file = join(folder, 'log');
  writeFileSync(file, text);
  return readLogTail(file, lines);
}

test('the last lines are read, with or without a final newline', () => {
  expect(tailOf('a\nb\nc\n', 2)).toEqual(['b', 'c']);
  expect(tailOf('a\nb\nc', 2)).toEqual(['b', 'c']);
  expect(tailOf('', 2)).toEqual([]);
});

test('of a long log only whole lines from its end are read', () => {
  const tail = tailOf(`${'x'.repeat(100)}\n`.repeat(10_000) + 'end\n', 5000);
  expect(tail.length).toBeLessThan(700);
  expect(tail[0]).toBe('x'.repeat(100));
  expect(tail.at(-1)).toBe('end');
});

test('a log that does not exist is empty', () => {
  expect(readLogTail(join(folder, 'none'), 5)).toEqual([]);
});
