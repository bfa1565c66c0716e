import type { Json } from '../flow/index.ts';
import { webProcess } from './copies.ts';
import type { Rollout } from './environment.ts';
import { machineOf } from './machines.ts';
import type { InstanceObservation, Observed } from './observed.ts';
import type { Decision } from './plan.ts';
import type { FailedRequest } from './ports.ts';

/** What speaks of a candidate that is taken back from users. */
export interface Traces {
  /** Its newest requests that failed, oldest first. A copy is told by its id, `r7-web-1`. */
  requests: FailedRequest[];
  /** What its copies have said last. */
  logTail: string[];
  /** Those of its copies that ended by themselves. */
  ends: EndedCopy[];
}

/** A copy that ended though nobody had asked for it. */
export interface EndedCopy {
  copy: string;
  times: number;
  /** Of the last end; null when it runs again, or when nobody saw it. */
  exitCode: number | null;
}

const mostRequests = 10;
/** Copies whose logs are read. */
const mostCopies = 3;

/** Whether a decision takes the candidate back from users, who may have left traces. */
export function takesBack({ events }: Decision): boolean {
  return events.some(({ type, data }) => type === wayBack && Number(dataOf(data)['weightPercent']) > 0);
}

/** The same decision, told with the traces that the candidate has left: they are kept with its way back. */
export function withTraces(decision: Decision, { requests, logTail, ends }: Traces): Decision {
  const { rollout } = decision.state;
  if (rollout?.phase.at !== 'reverting') return decision;
  const { phase } = rollout;
  const { outcome, logTail: known } = phase.cause;
  // A copy that fell ill has its own last lines there already.
  const told = known.length > 0 ? known : logTail;
  // What people have stopped needs no lines to say why.
  const cause = outcome === 'failed' ? { ...phase.cause, logTail: told } : phase.cause;
  const more = {
    requests: requests.map((request) => ({ ...request })),
    logTail: told,
    ends: ends.map((end) => ({ ...end })),
  };
  return {
    ...decision,
    state: { ...decision.state, rollout: { ...rollout, phase: { ...phase, cause } } },
    events: decision.events.map((event) =>
      event.type === wayBack ? { ...event, data: { ...dataOf(event.data), ...more } } : event,
    ),
  };
}

const wayBack = 'rollout.reverting';

function dataOf(data: Json): { [key: string]: Json } {
  return data as { [key: string]: Json };
}

/** The newest requests that failed on the candidate, on all machines whose routers keep them. */
export function failedRequests(rollout: Rollout, observed: Observed, nowMs: number): FailedRequest[] {
  // What stood by may have failed years ago.
  const sinceMs = rollout.standing ? nowMs - rollout.underWay.elapsedMs : 0;
  const all = Object.entries(observed.routers).flatMap(([machine, router]) => {
    const traffic = router?.revisions.find(({ id }) => id === rollout.candidate.id);
    // A router of an older version knows of none.
    return (traffic?.failures ?? []).map((request) => ({
      ...request,
      copy: copyAt(request.copy, machine, observed),
    }));
  });
  const since = all.filter(({ atMs }) => atMs >= sinceMs);
  return since.toSorted((one, other) => one.atMs - other.atMs).slice(-mostRequests);
}

function copyAt(address: string | null, machine: string, { instances }: Observed): string | null {
  const copy = instances.find(
    ({ id, host, port }) => machineOf(id) === machine && `${host}:${port}` === address,
  );
  return copy?.id ?? null;
}

/** Copies of the candidate that ended by themselves, in whatever role. */
export function endedCopies({ candidate }: Rollout, { instances }: Observed): EndedCopy[] {
  return instances
    .filter(({ revision }) => revision === candidate.id)
    .map(({ id, phase, restarts, exitCode }) => {
      const isDown = phase === 'exited' || phase === 'backoff';
      return { copy: id, times: restarts + (isDown ? 1 : 0), exitCode: isDown ? exitCode : null };
    })
    .filter(({ times }) => times > 0);
}

/** The copies of the candidate that users have: those that failed them first. */
export function copiesToRead(
  { candidate }: Rollout,
  { instances }: Observed,
  failed: readonly FailedRequest[],
): InstanceObservation[] {
  const web = webProcess(candidate)?.name;
  const copies = instances.filter(({ revision, process }) => revision === candidate.id && process === web);
  const hasFailed = ({ id }: InstanceObservation) => failed.some(({ copy }) => copy === id);
  return copies
    .toSorted((one, other) => Number(hasFailed(other)) - Number(hasFailed(one)))
    .slice(0, mostCopies);
}
