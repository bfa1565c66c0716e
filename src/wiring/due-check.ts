import type { RequestCheck } from '../app/index.ts';
import {
  checkPin,
  here,
  machineOf,
  type CommandObservation,
  type DueCheck,
  type InstanceObservation,
  type Rollout,
} from '../delivery/index.ts';
import type { Machines } from './machines/machines.ts';
import type { CheckFailure } from './machines/model.ts';

/** What was seen of an environment. */
interface Seen {
  instances: InstanceObservation[];
  /** Of the routes in force, by machine. */
  hosts: Partial<Record<string, string[]>>;
  machines: Machines;
}

/**
 * Asks what the check that is due asks: each copy of the candidate that has an address, or the public address of each of
 * its machines. Each machine asks what runs there.
 */
export async function askCheck(
  { check, asks }: DueCheck & { check: { kind: 'request'; request: RequestCheck } },
  rollout: Rollout,
  { instances, hosts, machines }: Seen,
): Promise<CommandObservation> {
  const { candidate } = rollout;
  const { machines: names, health } = candidate;
  const copies = instances.filter(({ revision, port }) => revision === candidate.id && port !== null);
  if (asks === 'copies' && copies.length === 0)
    return { state: 'unmet', why: 'no copy has an address', logTail: [] };
  const questions =
    asks === 'public'
      ? names.map((machine) => ({
          machine,
          // Its own hosts lead nowhere yet where they are not those of the revision that serves, too.
          at: { hosts: hosts[machine] ?? candidate.hosts, pin: checkPin(rollout).by.value },
          of: machine === here ? '' : `${machine}: `,
        }))
      : copies.map(({ id, host, port }) => ({
          machine: machineOf(id),
          at: { host, port: port ?? 0 },
          of: `${id}: `,
        }));
  for (const { machine, at, of } of questions) {
    const asked = { at, check: check.request, timeoutMs: health.probeTimeoutMs };
    const failure = await machines.of(machine).check(asked).catch(unanswered);
    if (failure) return { state: 'unmet', why: `${of}${failure.why}`, logTail: failure.logTail };
  }
  return { state: 'exited', code: 0, logTail: [] };
}

/** A machine that is away may be back at the next look, or the check is late. */
function unanswered(error: unknown): CheckFailure {
  return { why: error instanceof Error ? error.message : String(error), logTail: [] };
}
