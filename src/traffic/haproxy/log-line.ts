import { sessionHash, type Outcome } from '../embedded/revision-counts.ts';

/** One line of the request log: `pid counter backend status cause milliseconds client session agent stream`. */
export interface LogLine {
  pid: number;
  /** Counts the lines of its process from 0, so that a missing one is noticed. */
  counter: number;
  backend: string;
  session: number;
  outcome: Outcome;
}

/** What tells that everything before it has been read. */
export interface MarkLine {
  mark: string;
}

/** @returns Undefined for a line that is not ours. */
export function parseLogLine(line: string): LogLine | MarkLine | undefined {
  const parts = line.split(' ');
  if (parts[1] === 'mark' && parts[2] !== undefined) return { mark: parts[2] };
  const [pid, counter, backend, status, cause, latency, client, session, agent, stream] = parts;
  if (stream === undefined || !/^\d+$/.test(pid ?? '') || !/^\d+$/.test(counter ?? '')) return undefined;
  return {
    pid: Number(pid),
    counter: Number(counter),
    backend: backend ?? '',
    session: session?.length === 32 ? sessionHash(session) : sessionHash(client ?? '', agent),
    outcome: outcomeOf(Number(status), cause ?? '', {
      latencyMs: Number(latency),
      timed: stream !== 'stream',
    }),
  };
}

/**
 * @param cause - Who ended it (`-` nobody, `C` and `c` the client) and when.
 * @see HAProxy's configuration manual, 8.5 "Session state at disconnection"
 */
function outcomeOf(status: number, cause: string, seen: { latencyMs: number; timed: boolean }): Outcome {
  if (status === 101) return { kind: 'answered', status, latencyMs: 0, timed: false };
  if (cause.startsWith('-')) return { kind: 'answered', status, ...seen };
  if (/^[Cc]/.test(cause)) return { kind: 'abandoned' };
  return { kind: 'gateway-error', latencyMs: seen.latencyMs };
}
