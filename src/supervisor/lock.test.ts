import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from './lock.ts';
import { identify, readBootId } from './proc.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const hold = (generation: number, holder: unknown) =>
  writeFileSync(join(folder, String(generation)), JSON.stringify(holder));
const parent = () => identify(process.ppid, readBootId());

test('a free lock is taken, and taking it again changes nothing', () => {
  expect(takeLock(folder)).toBeNull();
  expect(takeLock(folder)).toBeNull();
  expect(readdirSync(folder)).toEqual(['1']);
});

test('a lock whose holder runs is not taken', () => {
  hold(4, parent());
  expect(takeLock(folder)).toMatchObject({ holder: { pid: process.ppid } });
});

test.each([
  ['a pid that was used again since', () => ({ ...parent(), startTicks: 1 })],
  ['a boot that is over', () => ({ ...parent(), bootId: 'another' })],
  ['nothing that can be read', () => 'x'],
])('a lock of %s is free', (_, holder) => {
  hold(4, holder());
  expect(takeLock(folder)).toBeNull();
  expect(readdirSync(folder)).toEqual(['5']);
});

test('only the highest number holds', () => {
  hold(2, parent());
  hold(3, { ...parent(), startTicks: 1 });
  expect(takeLock(folder)).toBeNull();
});
