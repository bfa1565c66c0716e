import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/** The cookie that keeps a session on its revision. One scope owns a host, so one name is enough. */
export const sessionCookieName = 'slipway_session';

/** Which revision a session belongs to, by its token, and the session's random id. */
export interface SessionCookie {
  token: string;
  session: string;
}

const valuePattern = /^([A-Za-z0-9_-]{22})\.([a-f0-9]{32})$/;

/**
 * What stands for a revision in the cookie. Nobody can read a revision from it or make one up,
 * so that no visitor chooses a canary, or stays out of it, by hand.
 *
 * @param key - Of this router, see `sessionKey`.
 */
export function revisionToken(key: Buffer, scope: string, revision: string): string {
  return createHmac('sha256', key).update(`${scope}\n${revision}`).digest('base64url').slice(0, 22);
}

/** The id of a new session. */
export function newSession(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The key of revision tokens, made when the file is missing and open to its owner alone. With another key
 * every session is split anew.
 */
export function sessionKey(file: string): Buffer {
  try {
    writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const kept = readFileSync(file);
    if (kept.length === 32) return kept;
    // A full disk or a crash left a part of it.
    writeFileSync(file, randomBytes(32), { mode: 0o600, flush: true });
  }
  return readFileSync(file);
}

/** Reads our cookie out of a Cookie header; undefined when it is missing or not of our making. */
export function parseSessionCookie(header: string): SessionCookie | undefined {
  if (!header.includes(sessionCookieName)) return undefined;
  for (const value of cookieValues(header, sessionCookieName)) {
    const match = valuePattern.exec(value);
    if (match?.[1] !== undefined && match[2] !== undefined) return { token: match[1], session: match[2] };
  }
  return undefined;
}

/** Every value that a Cookie header has for a name. */
export function cookieValues(header: string, name: string): string[] {
  return header
    .split(';')
    .map(splitPair)
    .filter(([one]) => one === name)
    .map(([, value]) => value);
}

/** The Cookie header without our cookie, which is no business of the app; empty when nothing is left. */
export function stripSessionCookie(header: string): string {
  if (!header.includes(sessionCookieName)) return header;
  return header
    .split(';')
    .filter((pair) => splitPair(pair)[0] !== sessionCookieName)
    .map((pair) => pair.trim())
    .join('; ');
}

/** The Set-Cookie value. It ends with the browser's session, and no script can read it. */
export function formatSessionCookie(cookie: SessionCookie): string {
  return `${sessionCookieName}=${cookie.token}.${cookie.session}; Path=/; HttpOnly; SameSite=Lax`;
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  if (equals < 0) return [pair.trim(), ''];
  return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
}
