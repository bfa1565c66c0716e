import { here, machinesOf } from '../../delivery/index.ts';
import type { EnvironmentTotals } from '../../flags/index.ts';
import type { Store } from '../../store/index.ts';
import { environmentState } from '../environments.ts';
import type { Machines } from '../machines/machines.ts';

/** What an environment has answered on all its machines; null when a router does not say. */
export async function totalsOf(
  scope: string,
  { store, machines }: { store: Store; machines: Machines },
): Promise<EnvironmentTotals | null> {
  const state = await environmentState(scope, store);
  const names = state ? machinesOf(state) : [here];
  const seen = await Promise.all(
    names.map((name) =>
      machines
        .of(name)
        .router.observe(scope)
        .catch(() => null),
    ),
  );
  const known = seen.filter((one) => one !== null);
  if (known.length < names.length) return null;
  const all = known.flatMap(({ revisions }) => revisions);
  const sum = (count: (one: (typeof all)[number]) => number) =>
    all.reduce((total, one) => total + count(one), 0);
  return {
    // A revision that is gone takes its counts along.
    epoch: [...known.map(({ epoch }) => epoch), ...all.map(({ id }) => id)].join(' '),
    requests: sum(({ requests }) => requests),
    errors: sum(({ errors }) => errors),
    sessions: sum(({ sessions }) => sessions),
    failedSessions: sum(({ sessionsWithError }) => sessionsWithError),
    slow: 0,
  };
}
