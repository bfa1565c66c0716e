import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import * as cache from '@actions/cache';

/** A miss, a save, a key that is taken. */
export async function run() {
  const paths = ['kept', '~/.tool'];
  assert.equal(await cache.restoreCache(paths, 'tool-1', ['tool-']), undefined);
  mkdirSync('kept/deep', { recursive: true });
  mkdirSync(`${homedir()}/.tool`, { recursive: true });
  writeFileSync('kept/deep/a.txt', 'from the toolkit\n');
  writeFileSync(`${homedir()}/.tool/b.txt`, 'at home\n');
  assert.ok((await cache.saveCache(paths, 'tool-1')) > 0);
  assert.equal(await cache.saveCache(paths, 'tool-1'), -1);
}
