import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import * as cache from '@actions/cache';

/** By a restore key; other paths are another cache; and what the built-in action saved. */
export async function run() {
  assert.equal(await cache.restoreCache(['kept'], 'tool-1'), undefined);
  assert.equal(await cache.restoreCache(['kept', '~/.tool'], 'tool-2', ['other-', 'tool-']), 'tool-1');
  assert.equal(readFileSync('kept/deep/a.txt', 'utf8'), 'from the toolkit\n');
  assert.equal(readFileSync(`${homedir()}/.tool/b.txt`, 'utf8'), 'at home\n');
  assert.equal(await cache.restoreCache(['built'], 'built-1', [], { lookupOnly: true }), 'built-1');
  assert.equal(await cache.restoreCache(['built'], 'built-1'), 'built-1');
  assert.equal(readFileSync('built/x.txt', 'utf8'), 'built in\n');
}
