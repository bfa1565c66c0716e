import { expect, test } from 'vitest';
import {
  formatSessionCookie,
  parseSessionCookie,
  sessionCookieName,
  stripSessionCookie,
} from './session-cookie.ts';

const session = 'a'.repeat(32);

test('a cookie is found among others and taken out again', () => {
  const header = `a=1; ${sessionCookieName}=r7.${session}; b="x;y=2"`;
  expect(parseSessionCookie(header)).toEqual({ revision: 'r7', session });
  expect(stripSessionCookie(header)).toBe('a=1; b="x; y=2"');
  expect(stripSessionCookie(`${sessionCookieName}=r7.${session}`)).toBe('');
});

test.each([
  '',
  'a=1',
  `${sessionCookieName}=r7`,
  `${sessionCookieName}=r7.xyz`,
  `x${sessionCookieName}=r7.${session}`,
])('no session in "%s"', (header) => {
  expect(parseSessionCookie(header)).toBeUndefined();
});

test('what is set can be read', () => {
  const text = formatSessionCookie({ revision: 'r7', session });
  expect(text).toBe(`${sessionCookieName}=r7.${session}; Path=/; HttpOnly; SameSite=Lax`);
  expect(parseSessionCookie(text)).toEqual({ revision: 'r7', session });
});
