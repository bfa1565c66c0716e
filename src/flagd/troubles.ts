import type { FlagSnapshot } from '../flags/index.ts';

/** Where an app tells that a user met trouble. Not of flagd: no standard has a word for it. */
const path = '/slipway/v1/troubles';

/** Somebody met trouble while these flags stood. */
export type OnTrouble = (user: string, snapshot: FlagSnapshot) => void;

/** The status to answer a call with; null for a call of something else. */
export function takeTrouble(
  { method, path: asked, body }: { method: string; path: string; body: string },
  snapshot: FlagSnapshot,
  onTrouble: OnTrouble,
): number | null {
  if (asked.replace(/[?#].*$/s, '') !== path) return null;
  if (method !== 'POST') return 405;
  const user = userIn(body);
  if (user === null) return 400;
  onTrouble(user, snapshot);
  return 202;
}

const longestKey = 1_000;

function userIn(body: string): string | null {
  try {
    const { targetingKey } = JSON.parse(body) as { targetingKey?: unknown };
    const isKey =
      typeof targetingKey === 'string' && targetingKey !== '' && targetingKey.length <= longestKey;
    return isKey ? targetingKey : null;
  } catch {
    return null;
  }
}
