import assert from 'node:assert/strict';
import { test } from 'node:test';
import { version } from '../src/version.ts';

test('the version has three numbers', () => {
  assert.match(version, /^\d+\.\d+\.\d+$/);
});
