import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  formatSessionCookie,
  parseSessionCookie,
  revisionToken,
  sessionCookieName,
  sessionKey,
  stripSessionCookie,
} from './session-cookie.ts';

const session = 'a'.repeat(32);
const token = revisionToken(Buffer.alloc(32), 'shop/production', 'r7');

test('a cookie is found among others and taken out again', () => {
  const header = `a=1; ${sessionCookieName}=${token}.${session}; b="x;y=2"`;
  expect(parseSessionCookie(header)).toEqual({ token, session });
  expect(stripSessionCookie(header)).toBe('a=1; b="x; y=2"');
  expect(stripSessionCookie(`${sessionCookieName}=${token}.${session}`)).toBe('');
});

test.each([
  '',
  'a=1',
  `${sessionCookieName}=${token}`,
  `${sessionCookieName}=${token}.xyz`,
  `${sessionCookieName}=r7.${session}`,
  `x${sessionCookieName}=${token}.${session}`,
])('no session in "%s"', (header) => {
  expect(parseSessionCookie(header)).toBeUndefined();
});

test('what is set can be read', () => {
  const text = formatSessionCookie({ token, session });
  expect(text).toBe(`${sessionCookieName}=${token}.${session}; Path=/; HttpOnly; SameSite=Lax`);
  expect(parseSessionCookie(text)).toEqual({ token, session });
});

test('a token belongs to one revision of one scope and one key, and shows none of them', () => {
  expect(token).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(revisionToken(Buffer.alloc(32), 'shop/production', 'r7')).toBe(token);
  expect(revisionToken(Buffer.alloc(32), 'shop/production', 'r8')).not.toBe(token);
  expect(revisionToken(Buffer.alloc(32), 'other/production', 'r7')).not.toBe(token);
  expect(revisionToken(Buffer.alloc(32, 1), 'shop/production', 'r7')).not.toBe(token);
});

test('the key is made once, for its owner alone, and made again when a crash left a part of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-session-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'key');
  const key = sessionKey(file);
  expect(key).toHaveLength(32);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(sessionKey(file)).toEqual(key);
  writeFileSync(file, 'part');
  expect(sessionKey(file)).toHaveLength(32);
});
