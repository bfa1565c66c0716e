import { LineFields } from '../agent/line-fields.ts';
import type { FailedAsk } from '../agent/driver.ts';
import { isFailure, type Outcome } from '../embedded/revision-counts.ts';

/**
 * One finished request, as a line has it: `request counter backend status cause milliseconds stream session client agent lot
 * asked`.
 */
export interface LogLine {
  /** Counts the lines of its process from 0, so that a missing one is noticed. */
  counter: number;
  /** Number of the slot; NaN for what went to no revision. */
  slot: number;
  session: number;
  outcome: Outcome;
  /** By which the session was drawn in this request, see `lotText`; null when it was not. */
  lot: string | null;
  failed: FailedAsk | null;
}

/** What tells that everything before it has been read. */
export interface MarkLine {
  mark: string;
}

const space = 0x20;
const letterV = 0x76;
const minus = 0x2d;
const sessionLetters = 32;

/** Reads a line where it lies. @returns Undefined for one that is not ours, or not whole. */
export function parseLogLine(bytes: Buffer, start: number, end: number): LogLine | MarkLine | undefined {
  const fields = new LineFields(bytes, { start, end, separator: space });
  if (fields.next().is('mark')) return { mark: fields.next().text() };
  if (!fields.is('request')) return undefined;
  const counter = fields.next().number();
  const slot = fields.next().letter(0) === letterV ? fields.number(1) : NaN;
  // -1 when nothing was answered.
  const status = fields.next().number();
  const cause = fields.next().letter(0);
  const waiting = isWaiting(fields.letter(1), status);
  // -1 when it was never known.
  const latencyMs = Math.max(0, fields.next().number() || 0);
  const timed = fields.next().letter(0) === minus;
  const known = fields.next().length === sessionLetters ? fields.hash() : null;
  const client = fields.next().hash();
  const unnamed = fields.next().hashAfter(client);
  // Missing in lines of a process that an older Slipway started.
  const lot = fields.isLast ? null : lotIn(fields.next());
  const outcome = outcomeOf(status, { cause, waiting, latencyMs, timed });
  const asked = fields.isLast ? null : fields.next();
  const failed = asked && isFailure(outcome) ? askOf(asked.text(), status) : null;
  if (Number.isNaN(counter) || !fields.isLast) return undefined;
  return { counter, slot, session: known ?? unnamed, outcome, lot, failed };
}

/** `GET|127.0.0.1:20001|/path`; the path is there only where the answer is an error. */
function askOf(text: string, status: number): FailedAsk | null {
  const [method = '', copy = '', ...path] = text.split('|');
  if (!path[0]?.startsWith('/')) return null;
  return { atMs: null, method, path: path.join('|'), status, copy: copy.startsWith('-') ? null : copy };
}

/** HAProxy writes `-` for nothing. */
function lotIn(field: LineFields): string | null {
  return field.length > 1 ? field.text() : null;
}

const [letterC, letterH, letterQ, smallC] = [0x43, 0x48, 0x51, 0x63];

/** Whether no answer had begun: in the queue, before a connection or the head; of an upload, nothing was answered. */
function isWaiting(phase: number, status: number): boolean {
  return phase === letterQ || phase === letterC || phase === letterH || Number.isNaN(status);
}

/** How a request ended. `cause`: `-` nobody, `C` the client, `c` a client that stopped reading or sending. */
interface Ending {
  cause: number;
  waiting: boolean;
  latencyMs: number;
  timed: boolean;
}

/** @see HAProxy's configuration manual, 8.5 "Session state at disconnection" */
function outcomeOf(status: number, { cause, waiting, latencyMs, timed }: Ending): Outcome {
  if (status === 101) return { kind: 'answered', status, latencyMs: 0, timed: false };
  if (cause === minus) return { kind: 'answered', status, latencyMs, timed };
  if (cause === smallC) return { kind: 'abandoned', waitedMs: null };
  if (cause === letterC) return { kind: 'abandoned', waitedMs: waiting && timed ? latencyMs : null };
  return { kind: 'gateway-error', latencyMs };
}
