import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadState, saveState } from './state-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-state-'));
  path = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const state = (fence: number) => ({ fences: { 'a/production': fence }, processes: [] });

test('what was saved is loaded, for its owner only', () => {
  saveState(path, state(1));
  saveState(path, state(2));
  expect(loadState(path)).toEqual({ state: state(2), warnings: [] });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a home without state starts empty and silent', () => {
  expect(loadState(path)).toEqual({ state: { fences: {}, processes: [] }, warnings: [] });
});

test.each<[string, () => void]>([
  ['cut short', () => truncateSync(path, 30)],
  ['emptied', () => truncateSync(path, 0)],
  ['changed by hand', () => writeFileSync(path, '{"format":1,"checksum":"0","state":{}}')],
  ['of another format', () => writeFileSync(path, '{"format":9}')],
])('a file %s gives way to the copy before it, and is kept', (_, damage) => {
  saveState(path, state(1));
  saveState(path, state(2));
  damage();
  const loaded = loadState(path);
  expect(loaded.state).toEqual(state(1));
  expect(loaded.warnings).toHaveLength(2);
  expect(readdirSync(folder)).toContain('state.json.damaged');
});

test('a crash between the two renames loses nothing', () => {
  saveState(path, state(1));
  saveState(path, state(2));
  rmSync(path);
  expect(loadState(path).state).toEqual(state(1));
});
