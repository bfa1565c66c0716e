import type { Outcome } from '../embedded/revision-counts.ts';
import { sessionHash } from '../embedded/session-hash.ts';
import { markHeader } from './static-configuration.ts';

/** One line of the access log. */
export interface AccessLine {
  /** Requests of the process, from 1, in the order in which they began. */
  number: number;
  /** What tells that everything before it has been read; null for users' requests. */
  mark: string | null;
  /** Null for what went to no revision. */
  request: { service: string; session: number; outcome: Outcome } | null;
}

type Fields = Partial<Record<string, string | number>>;

/** @returns undefined for a line that is not whole. */
export function parseAccessLine(line: string): AccessLine | undefined {
  const fields = fieldsOf(line);
  const number = fields?.['RequestCount'];
  if (!fields || typeof number !== 'number') return undefined;
  const mark = fields[`request_${markHeader}`];
  return { number, mark: typeof mark === 'string' ? mark : null, request: requestOf(fields) };
}

function fieldsOf(line: string): Fields | undefined {
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
}

function requestOf(fields: Fields): AccessLine['request'] {
  const service = String(fields['ServiceName'] ?? '').replace(/@file$/, '');
  if (service === '') return null;
  const client = String(fields['ClientHost'] ?? '');
  const agent = String(fields['request_User-Agent'] ?? '');
  return { service, session: sessionHash(client, agent), outcome: outcomeOf(fields) };
}

/** Nanoseconds, as Go writes durations. */
const nanosecondsPerMs = 1_000_000;

/**
 * An app's own answer has a date, Traefik's has none. The origin's status is 0 when the answer broke off: whether the
 * app or the client did that, Traefik does not say.
 */
function outcomeOf(fields: Fields): Outcome {
  const status = Number(fields['DownstreamStatus']);
  const latencyMs = Math.round(Number(fields['Duration']) / nanosecondsPerMs);
  if (status === 101) return { kind: 'answered', status, latencyMs: 0, timed: false };
  const own = fields['origin_Date'] === undefined;
  if (status === 499) return { kind: 'abandoned', waitedMs: own ? latencyMs : null };
  if (Number(fields['OriginStatus']) === 0) return { kind: 'abandoned', waitedMs: null };
  if (own && (status === 500 || status === 502 || status === 504))
    return { kind: 'gateway-error', latencyMs };
  const timed = !String(fields['origin_Content-Type'] ?? '').startsWith('text/event-stream');
  return { kind: 'answered', status, latencyMs, timed };
}
