import { LineFields, SteadyText } from '../agent/line-fields.ts';
import type { FailedAsk, Observation } from '../agent/driver.ts';
import { isFailure, type Outcome } from '../embedded/revision-counts.ts';

/** One line of the access log; null for what went to no revision. */
export interface AccessLine {
  connection: number;
  /** Which request of its connection, from 1. */
  ordinal: number;
  request: (Omit<Observation, 'scope'> & { key: string }) | null;
  /** Whether sessions draw where it was asked for: its session may have drawn in a line that comes behind. */
  draws: boolean;
}

/** Where a line lies. */
export interface LineAt {
  bytes: Buffer;
  start: number;
  end: number;
}

const tab = 0x09;
const keys = new SteadyText();
const revisions = new SteadyText();
const asks = new SteadyText();
const lots = new SteadyText();

/**
 * Reads a line that `logFormat` made.
 *
 * @param broken - Whether the error log says that the app broke off on a connection.
 * @returns undefined for a line that is not whole.
 */
export function parseAccessLine(
  { bytes, start, end }: LineAt,
  broken: (connection: number) => boolean,
): AccessLine | undefined {
  const fields = new LineFields(bytes, { start, end, separator: tab });
  const key = keys.of(fields.next());
  const revision = revisions.of(fields.next());
  const connection = fields.next().number();
  const ordinal = fields.next().number();
  const status = fields.next().number();
  const headerTime = fields.next();
  const sent = headerTime.length > 0;
  const headSeen = headerTime.endsInDigit;
  const complete = fields.next().is('OK');
  const latencyMs = fields.next().thousandths();
  const timed = !fields.next().startsWith('text/event-stream');
  const known = fields.next().length > 0 ? fields.hash() : null;
  const client = fields.next().hash();
  const unnamed = fields.next().hashAfter(client);
  // Lines of configurations that older versions wrote end here, or tell their lot here: they are of a moment.
  const asked = fields.isLast ? '' : asks.of(fields.next());
  // Only scopes that draw have the field.
  const draws = !fields.isLast;
  const lot = draws && fields.next().length > 0 ? lots.of(fields) : null;
  if (!fields.isLast || Number.isNaN(connection + ordinal + status)) return undefined;
  // Nothing was sent anywhere: refused, limited, or no copy to send it to.
  if (!sent) return { connection, ordinal, request: null, draws };
  const seen = { status, headSeen, complete, broken: broken(connection), latencyMs, timed };
  const outcome = outcomeOf(seen);
  const failed = isFailure(outcome) ? askOf(asked, status) : null;
  return {
    connection,
    ordinal,
    request: { key, revision, session: known ?? unnamed, outcome, lot, failed },
    draws,
  };
}

/**
 * `1790000000.123 GET /path 127.0.0.1:20001, 127.0.0.1:20002`, with the copies that it was sent to, written as in JSON;
 * `-` of what is no error.
 */
function askOf(text: string, status: number): FailedAsk | null {
  const [, seconds, method, path, copies] = /^([\d.]+) (\S+) (\/\S*) (.*)$/.exec(text) ?? [];
  if (method === undefined || copies === undefined || path === undefined) return null;
  return {
    atMs: Math.round(Number(seconds) * 1_000),
    method,
    path: path.replaceAll(/\\(["\\])/g, '$1'),
    status,
    copy: copies.split(', ').at(-1) ?? null,
  };
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
  if (status === 499) return { kind: 'abandoned', waitedMs: headSeen || !timed ? null : latencyMs };
  if (status === 101) return { kind: 'answered', status, latencyMs: 0, timed: false };
  if (!headSeen)
    return status >= 500 ? { kind: 'gateway-error', latencyMs } : { kind: 'abandoned', waitedMs: null };
  // nginx calls a response complete that an app broke off.
  if (broken) return { kind: 'gateway-error', latencyMs };
  return complete ? { kind: 'answered', status, latencyMs, timed } : { kind: 'abandoned', waitedMs: null };
}
