import { isIP } from 'node:net';
import { covers, type Certificate } from '../certificate-folder.ts';

/** What came of asking for a host's certificate, until it succeeds. */
export interface Attempts {
  failures: number;
  lastAtMs: number;
  /** What the last one ended with; null while it is under way. */
  message: string | null;
}

const firstPauseMs = 60_000;
const longestPauseMs = 24 * 3_600_000;

/** Hosts that a public question over HTTP can prove. */
export function provable(host: string): boolean {
  return host !== '*' && !host.startsWith('[') && isIP(host) === 0 && !/(^|\.)localhost$/.test(host);
}

/**
 * Hosts whose certificate should be asked for now: that have none, or whose own has less than a third of its time left.
 * A certificate that somebody else put there is theirs to renew, until it has expired.
 */
export function dueHosts({
  hosts,
  certificates,
  attempts,
  isOurs,
  nowMs,
}: {
  hosts: readonly string[];
  certificates: readonly Certificate[];
  attempts: Readonly<Record<string, Attempts>>;
  isOurs: (certificate: Certificate) => boolean;
  nowMs: number;
}): string[] {
  const holds = (one: Certificate) => {
    const { validFromMs, expiresAtMs } = one;
    return nowMs < (isOurs(one) ? expiresAtMs - (expiresAtMs - validFromMs) / 3 : expiresAtMs);
  };
  return [...new Set(hosts)].filter(
    (host) =>
      provable(host) &&
      !certificates.some((one) => covers(one, host) && holds(one)) &&
      nowMs >= nextAttemptMs(attempts[host]),
  );
}

/**
 * When a host is asked for again: after a minute, then four times as long each time, up to a day. That keeps within what
 * authorities allow, such as five failures an hour.
 */
export function nextAttemptMs(attempts: Attempts | undefined): number {
  if (!attempts) return 0;
  return attempts.lastAtMs + Math.min(longestPauseMs, firstPauseMs * 4 ** Math.max(0, attempts.failures - 1));
}
