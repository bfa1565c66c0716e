/** The cookie that keeps a session on its revision. One scope owns a host, so one name is enough. */
export const sessionCookieName = 'slipway_session';

/** Which revision a session belongs to, and its random id. */
export interface SessionCookie {
  revision: string;
  session: string;
}

const valuePattern = /^([A-Za-z0-9_-]{1,64})\.([a-f0-9]{32})$/;

/** Reads our cookie out of a Cookie header; undefined when it is missing or not of our making. */
export function parseSessionCookie(header: string): SessionCookie | undefined {
  if (!header.includes(sessionCookieName)) return undefined;
  for (const pair of header.split(';')) {
    const [name, value] = splitPair(pair);
    const match = name === sessionCookieName ? valuePattern.exec(value) : null;
    if (match?.[1] !== undefined && match[2] !== undefined) return { revision: match[1], session: match[2] };
  }
  return undefined;
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
  return `${sessionCookieName}=${cookie.revision}.${cookie.session}; Path=/; HttpOnly; SameSite=Lax`;
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  if (equals < 0) return [pair.trim(), ''];
  return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
}
