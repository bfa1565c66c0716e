import { atLeastOneOf, poisson, type Random } from './random.ts';
import { failedSessionShare, slowerThan, type Candidate, type Traffic } from './traffic.ts';

/** What a revision's users met in one stretch of time. */
export interface Counts {
  sessions: number;
  failedSessions: number;
  requests: number;
  errors: number;
  /** Sessions of which a request took longer than each of `TraceModel.edgesMs`. */
  slowSessions: number[];
  /** Requests that took longer than each of `TraceModel.marksMs`. */
  slowRequests: number[];
}

/** Users of both revisions, drawn stretch by stretch. The same seed gives the same users. */
export interface Trace {
  /** @param atMs - Since the candidate's first traffic. @param weight - The candidate's share, 0-1. */
  next(atMs: number, weight: number): { candidate: Counts; stable: Counts };
}

/** What a trace is drawn from. */
export interface TraceModel {
  traffic: Traffic;
  candidate: Candidate;
  /** Times by which slow sessions are counted; rising. */
  edgesMs: readonly number[];
  /** Times by which slow requests are counted; rising. */
  marksMs: readonly number[];
  /** Length of a stretch. */
  tickMs: number;
  /** When the drift ends. */
  lengthMs: number;
}

/**
 * Draws users one stretch after the other. Sessions come by themselves, so that those of each revision are Poisson
 * numbers; what becomes of a session is drawn for each, and how many of its requests that takes only where it matters.
 *
 * The objects that it gives are overwritten by the next stretch: a rollout has thousands.
 */
export function drawTrace(model: TraceModel, random: Random): Trace {
  const { traffic, candidate } = model;
  const burst = timesOf(traffic.bursts, model, random);
  const candidateStalls = timesOf(traffic.stalls, model, random);
  const stableStalls = timesOf(traffic.stalls, model, random);
  const ofStable = drawing(model, 1);
  const ofCandidate = drawing(model, candidate.slowdown);
  const [ofStalledStable, ofStalledCandidate] = [drawing(model, endless), drawing(model, endless)];
  const ofCold = drawing(model, candidate.slowdown * (traffic.coldStart?.times ?? 1));
  const sessionsATick = (traffic.requestsPerMinute / traffic.requestsPerSession) * (model.tickMs / 60_000);
  return {
    next(atMs, weight) {
      const shared = burst() ? (traffic.bursts?.errorShare ?? 0) : 0;
      const grown = 1 + (traffic.drift - 1) * Math.min(1, atMs / model.lengthMs);
      const failing = (share: number) => 1 - (1 - Math.min(1, share * grown)) * (1 - shared);
      const cold = atMs < (traffic.coldStart?.forMs ?? 0);
      const drawCandidate = candidateStalls() ? ofStalledCandidate : cold ? ofCold : ofCandidate;
      const drawStable = stableStalls() ? ofStalledStable : ofStable;
      return {
        candidate: drawCandidate(random, sessionsATick * weight, failing(candidate.errorShare)),
        stable: drawStable(random, sessionsATick * (1 - weight), failing(traffic.errorShare)),
      };
    },
  };
}

/** So many times as long is longer than everything. */
const endless = 1e6;

/** Whether the next stretch is one of those times. */
function timesOf(
  times: { everyMs: number; lastsMs: number } | null,
  { tickMs }: TraceModel,
  random: Random,
): () => boolean {
  if (!times) return () => false;
  let leftMs = 0;
  return () => {
    if (leftMs > 0) leftMs -= tickMs;
    else if (random() < tickMs / times.everyMs) leftMs = times.lastsMs;
    return leftMs > 0;
  };
}

/** Draws the users of one revision. */
function drawing({ traffic, edgesMs, marksMs }: TraceModel, slowdown: number) {
  const { requestsPerSession, failures, latency } = traffic;
  const slower = (edgeMs: number) => slowerThan(edgeMs, latency, slowdown);
  // Of sessions: at least one request is slower.
  const anySlower = (edgeMs: number) => 1 - (1 - slower(edgeMs)) ** requestsPerSession;
  const [edges, marks, markShares] = [edgesMs.map(anySlower), marksMs.map(anySlower), marksMs.map(slower)];
  const counts: Counts = {
    sessions: 0,
    failedSessions: 0,
    requests: 0,
    errors: 0,
    slowSessions: edges.map(() => 0),
    slowRequests: marks.map(() => 0),
  };
  const addSlow = (random: Random) => {
    const drawn = random();
    for (let edge = 0; edge < edges.length && drawn < (edges[edge] ?? 0); edge++)
      counts.slowSessions[edge] = (counts.slowSessions[edge] ?? 0) + 1;
    for (let mark = 0; mark < marks.length && drawn < (marks[mark] ?? 0); mark++) {
      const requests = atLeastOneOf(random, requestsPerSession, markShares[mark] ?? 0);
      counts.slowRequests[mark] = (counts.slowRequests[mark] ?? 0) + requests;
    }
  };
  return (random: Random, mean: number, errorShare: number): Counts => {
    const failedShare = failedSessionShare(traffic, errorShare);
    counts.sessions = mean > 0 ? poisson(random, mean) : 0;
    counts.requests = counts.sessions * requestsPerSession;
    counts.failedSessions = 0;
    counts.errors = 0;
    counts.slowSessions.fill(0);
    counts.slowRequests.fill(0);
    for (let session = 0; session < counts.sessions; session++) {
      addSlow(random);
      if (random() >= failedShare) continue;
      counts.failedSessions++;
      counts.errors +=
        failures === 'together' ? requestsPerSession : atLeastOneOf(random, requestsPerSession, errorShare);
    }
    return counts;
  };
}
