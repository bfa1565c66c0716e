import type { Observation } from '../agent/driver.ts';
import type { Outcome } from '../embedded/revision-counts.ts';
import { sessionHash } from '../embedded/session-hash.ts';

/** One line of the request log. */
export type RequestLine =
  /** A finished request that went to a revision. */
  | ({ kind: 'request'; key: string } & Omit<Observation, 'scope'>)
  /** An answer broke off: its request's own line comes right behind. */
  | { kind: 'broken'; request: string; byApp: boolean }
  /** Nothing to count: it went to no app, or is no line of a request. */
  | { kind: 'other' };

interface Logged {
  msg?: string;
  /** The path is hashed. */
  request?: { client_ip?: string; method?: string; host?: string; uri?: string };
  status?: number;
  /** Seconds. */
  duration?: number;
  error?: string;
  slipway?: string;
  session?: string | null;
  /** Of requests that drew alone. */
  lot?: string;
  agent?: string | null;
  type?: string | null;
  /** Of requests that ask for an event stream alone. */
  stream?: string;
  /** The app's own status; null when its answer never began, and missing when the answer broke off. */
  head?: number | null;
}

/** Whether the app is at fault that the answer to a request broke off. */
export type BrokenByApp = (request: string) => boolean;

/** @returns Undefined for a line that is not whole. */
export function parseRequestLine(line: string, brokenByApp: BrokenByApp): RequestLine | undefined {
  let logged: Logged;
  try {
    logged = JSON.parse(line) as Logged;
  } catch {
    return undefined;
  }
  const { client_ip: client = '', method, host, uri } = logged.request ?? {};
  const request = `${client} ${method} ${host} ${uri}`;
  if (logged.msg === 'aborting with incomplete response')
    return { kind: 'broken', request, byApp: appFailed(logged.error ?? '') };
  const [key, revision] = (logged.slipway ?? '').split(' ');
  if (key === undefined || revision === undefined) return { kind: 'other' };
  return {
    kind: 'request',
    key,
    revision,
    session: logged.session ? sessionHash(logged.session) : sessionHash(client, logged.agent ?? ''),
    outcome: outcomeOf(logged, () => brokenByApp(request)),
    lot: logged.lot ?? null,
    // The path is hashed.
    failed: null,
  };
}

/** Caddy says on which side it failed; a client that left also ends the reading from the app. */
function appFailed(error: string): boolean {
  return error.startsWith('reading: ') && !error.includes('context canceled');
}

function outcomeOf(logged: Logged, brokenByApp: () => boolean): Outcome {
  const { status = 0, duration = 0, type, head, stream } = logged;
  const latencyMs = duration * 1000;
  if (status === 101) return { kind: 'answered', status, latencyMs: 0, timed: false };
  if (head === undefined)
    return brokenByApp() ? { kind: 'gateway-error', latencyMs } : { kind: 'abandoned', waitedMs: null };
  if (status === 499 || status === 0)
    return { kind: 'abandoned', waitedMs: head === null && !stream ? latencyMs : null };
  if (head === null && status >= 500) return { kind: 'gateway-error', latencyMs };
  return { kind: 'answered', status, latencyMs, timed: !type?.startsWith('text/event-stream') };
}
