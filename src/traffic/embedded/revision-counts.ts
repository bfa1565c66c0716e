import type { FailedRequest, RevisionTraffic } from '../../delivery/index.ts';
import { FailedRequests } from './failed-requests.ts';
import { LatencyHistogram } from './histogram.ts';

/**
 * Sessions remembered per revision. When the set is full it is emptied and counting goes on, so that memory stays
 * bounded; a session seen before and after that counts twice.
 */
const maxSessions = 50_000;

/** Counts as they travel from a router to its successor. */
export interface CountsSnapshot {
  inFlight: number;
  /** Of these, by the address of the copy that has them; absent from a process that did not count so. */
  inFlightAt?: Record<string, number>;
  requests: number;
  errors: number;
  gatewayErrors: number;
  forgottenSessions: number;
  forgottenFailedSessions: number;
  sessions: number[];
  failedSessions: number[];
  latency: number[];
  /** Absent from a process that kept none. */
  failures?: FailedRequest[];
}

/** How a request ended, as far as its revision is concerned. */
export type Outcome =
  /** A whole response; `timed` is false for event streams and upgraded connections, whose length says nothing. */
  | { kind: 'answered'; status: number; latencyMs: number; timed: boolean }
  /** The router answered 502 or 504 for it, or had to cut the response off. */
  | { kind: 'gateway-error'; latencyMs: number }
  /** The client left first. `waitedMs` is for how long no answer had begun; null where one had, or was in no hurry. */
  | { kind: 'abandoned'; waitedMs: number | null };

/** Whether a request counts as an error of its revision, see `RevisionTraffic.errors`. */
export function isFailure(outcome: Outcome): boolean {
  return outcome.kind === 'gateway-error' || (outcome.kind === 'answered' && outcome.status >= 500);
}

/** How long its user waited, who may have left before the end; null where that says nothing of the revision. */
export function timedMs(outcome: Outcome): number | null {
  if (outcome.kind === 'gateway-error') return outcome.latencyMs;
  if (outcome.kind === 'abandoned') return outcome.waitedMs;
  return outcome.timed ? outcome.latencyMs : null;
}

/** What this process saw of one revision. */
export class RevisionCounts {
  #inFlight = 0;
  readonly #at = new Map<string, number>();
  /** A predecessor has requests in flight, and does not say where. */
  #knowsWhere = true;
  #requests = 0;
  #errors = 0;
  #gatewayErrors = 0;
  #forgottenSessions = 0;
  #forgottenFailedSessions = 0;
  readonly #sessions = new Set<number>();
  readonly #failedSessions = new Set<number>();
  readonly #latency = new LatencyHistogram();
  readonly failures = new FailedRequests();

  get inFlight(): number {
    return this.#inFlight;
  }

  /** @param session - Hash of the session, see `sessionHash`. */
  start(session: number): void {
    this.#inFlight++;
    this.#requests++;
    this.#see(session);
  }

  /** Must be called exactly once for each `start`. */
  finish(session: number, outcome: Outcome): void {
    this.#inFlight--;
    if (outcome.kind === 'gateway-error') this.#gatewayErrors++;
    if (isFailure(outcome)) {
      this.#errors++;
      this.#see(session);
      this.#failedSessions.add(session);
    }
    const tookMs = timedMs(outcome);
    if (tookMs !== null) this.#latency.observe(tookMs);
  }

  /** A request in flight has gone to a copy, and left the one that had it before. */
  move(from: string | undefined, to: string | undefined): void {
    if (from !== undefined) this.#addAt(from, -1);
    if (to !== undefined) this.#addAt(to, 1);
  }

  #addAt(address: string, more: number): void {
    const count = (this.#at.get(address) ?? 0) + more;
    if (count > 0) this.#at.set(address, count);
    else this.#at.delete(address);
  }

  #see(session: number): void {
    if (this.#sessions.size >= maxSessions && !this.#sessions.has(session)) {
      this.#forgottenSessions += this.#sessions.size;
      this.#forgottenFailedSessions += this.#failedSessions.size;
      this.#sessions.clear();
      this.#failedSessions.clear();
    }
    this.#sessions.add(session);
  }

  snapshot(): CountsSnapshot {
    return {
      inFlight: this.#inFlight,
      inFlightAt: Object.fromEntries(this.#at),
      requests: this.#requests,
      errors: this.#errors,
      gatewayErrors: this.#gatewayErrors,
      forgottenSessions: this.#forgottenSessions,
      forgottenFailedSessions: this.#forgottenFailedSessions,
      sessions: [...this.#sessions],
      failedSessions: [...this.#failedSessions],
      latency: this.#latency.toCounts(),
      failures: this.failures.all(),
    };
  }

  /** Takes over what another process counted. Its requests in flight are its own, unless `withInFlight`. */
  add(other: CountsSnapshot, withInFlight = false): void {
    if (withInFlight) this.#addInFlight(other);
    this.#requests += other.requests;
    this.#errors += other.errors;
    this.#gatewayErrors += other.gatewayErrors;
    this.#forgottenSessions += other.forgottenSessions;
    this.#forgottenFailedSessions += other.forgottenFailedSessions;
    for (const session of other.sessions) this.#see(session);
    for (const session of other.failedSessions) this.#failedSessions.add(session);
    this.#latency.add(other.latency);
    this.failures.add(other.failures ?? []);
  }

  /** Back to zero, except for what is in flight: what was counted so far now belongs to a successor. */
  handOver(): CountsSnapshot {
    const snapshot = this.snapshot();
    this.#requests = this.#errors = this.#gatewayErrors = 0;
    this.#forgottenSessions = this.#forgottenFailedSessions = 0;
    this.#sessions.clear();
    this.#failedSessions.clear();
    this.#latency.reset();
    this.failures.clear();
    return snapshot;
  }

  #addInFlight({ inFlight, inFlightAt }: CountsSnapshot): void {
    this.#inFlight += inFlight;
    if (inFlight > 0 && !inFlightAt) this.#knowsWhere = false;
    for (const [address, count] of Object.entries(inFlightAt ?? {})) this.#addAt(address, count);
  }

  toTraffic(id: string, weightPercent: number): RevisionTraffic {
    return {
      id,
      weightPercent,
      inFlight: this.#inFlight,
      inFlightAt: this.#knowsWhere ? Object.fromEntries(this.#at) : null,
      requests: this.#requests,
      errors: this.#errors,
      gatewayErrors: this.#gatewayErrors,
      sessions: this.#forgottenSessions + this.#sessions.size,
      sessionsWithError: this.#forgottenFailedSessions + this.#failedSessions.size,
      latency: this.#latency.toCumulative(),
      failures: this.failures.all(),
    };
  }
}
