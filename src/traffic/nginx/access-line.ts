import type { Outcome } from '../embedded/revision-counts.ts';
import { sessionHash } from '../embedded/revision-counts.ts';

/** One line of the access log; null for what went to no revision. */
export interface AccessLine {
  connection: number;
  /** Which request of its connection, from 1. */
  ordinal: number;
  request: { key: string; revision: string; session: number; outcome: Outcome } | null;
}

/**
 * Reads a line that `logFormat` made.
 *
 * @param broken - Whether the error log says that the app broke off on a connection.
 * @returns undefined for a line that is not whole.
 */
export function parseAccessLine(
  line: string,
  broken: (connection: number) => boolean,
): AccessLine | undefined {
  const fields = line.split('\t');
  if (fields.length !== 13) return undefined;
  const [key = '', revision = '', connection, ordinal, status, upstream = ''] = fields;
  const [headerTime = '', completion, seconds, type = '', session = '', client = '', agent = ''] =
    fields.slice(6);
  const numbers = { connection: Number(connection), ordinal: Number(ordinal) };
  // Nothing was sent anywhere: refused, limited, or no copy to send it to.
  if (upstream === '') return { ...numbers, request: null };
  const latencyMs = Math.round(Number(seconds) * 1000);
  const outcome = outcomeOf({
    status: Number(status),
    headSeen: /[\d.]+$/.test(headerTime),
    complete: completion === 'OK',
    broken: broken(numbers.connection),
    latencyMs,
    timed: !type.startsWith('text/event-stream'),
  });
  const hash = session === '' ? sessionHash(client, agent) : sessionHash(session);
  return { ...numbers, request: { key, revision, session: hash, outcome } };
}

function outcomeOf(seen: {
  status: number;
  headSeen: boolean;
  complete: boolean;
  broken: boolean;
  latencyMs: number;
  timed: boolean;
}): Outcome {
  const { status, headSeen, complete, broken, latencyMs, timed } = seen;
  if (status === 499) return { kind: 'abandoned' };
  if (status === 101) return { kind: 'answered', status, latencyMs: 0, timed: false };
  if (!headSeen) return status >= 500 ? { kind: 'gateway-error', latencyMs } : { kind: 'abandoned' };
  // nginx calls a response complete that an app broke off.
  if (broken) return { kind: 'gateway-error', latencyMs };
  return complete ? { kind: 'answered', status, latencyMs, timed } : { kind: 'abandoned' };
}
