import { setTimeout as sleep } from 'node:timers/promises';
import {
  copiesToRead,
  endedCopies,
  failedRequests,
  localId,
  machineOf,
  type EnvironmentState,
  type InstanceObservation,
  type Observed,
  type Revision,
  type Rollout,
  type Traces,
} from '../delivery/index.ts';
import { maskTraces } from './mask-secrets.ts';
import type { Place } from './targets.ts';

/** What traces are gathered with. */
export interface Gathering {
  placeOf: (state: EnvironmentState, machine: string) => Pick<Place, 'readLog'>;
  secretsOf: (scope: string, revision: Revision) => Promise<string[]>;
}

const tailLines = 20;
/** A way back waits no longer for what is only told. */
const patienceMs = 1_000;

/** What the candidate leaves when it is taken back: failed requests and log lines, without secrets. Never throws. */
export async function gatherTraces(
  { state, rollout, observed, nowMs }: Leaving,
  { placeOf, secretsOf }: Gathering,
): Promise<Traces> {
  const requests = failedRequests(rollout, observed, nowMs);
  const ends = endedCopies(rollout, observed);
  const copies = copiesToRead(rollout, observed, requests);
  const read = async () => {
    const secrets = await secretsOf(state.scope, rollout.candidate);
    const tails = await Promise.all(
      copies.map((copy) => tailOf(copy, copies.length, { state, rollout, placeOf })),
    );
    return maskTraces({ requests, logTail: tails.flat(), ends }, secrets);
  };
  // What may hold a secret that is not known is not told.
  const nothing: Traces = { requests: [], logTail: [], ends };
  return Promise.race([read().catch(() => nothing), sleep(patienceMs, nothing, { ref: false })]);
}

/** A decision's way back, with what it was decided on. */
export interface Leaving {
  state: EnvironmentState;
  rollout: Rollout;
  observed: Observed;
  nowMs: number;
}

/** Last lines of one copy of several, told with its name. One that cannot be read says nothing. */
async function tailOf(
  { id }: InstanceObservation,
  copies: number,
  { state, rollout, placeOf }: Pick<Leaving, 'state' | 'rollout'> & Pick<Gathering, 'placeOf'>,
): Promise<string[]> {
  const place = placeOf(state, machineOf(id));
  const lines = await place
    .readLog(rollout.candidate, localId(id), Math.ceil(tailLines / copies))
    .catch((): string[] => []);
  return copies === 1 ? lines : lines.map((line) => `${id}: ${line}`);
}
