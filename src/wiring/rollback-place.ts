import type { EnvironmentState, RolloutRequest } from '../delivery/index.ts';

type Wanted = RolloutRequest['revision'];

/**
 * A revision as an environment goes back to it. What ran comes back, not where it ran: users are sent to the machines of
 * today, and one that was left may be gone. Two stay as they were: what stands by on all machines of today, which takes
 * its traffic back at once; and what can only be where it was, such as processes or a database.
 */
export function asWantedToday(revision: Wanted, { stable, standby }: EnvironmentState): Wanted {
  if (!stable || isFixed(revision)) return revision;
  const covers = stable.machines.every((name) => revision.machines.includes(name));
  if (covers && revision.id === standby?.revision.id) return revision;
  const { id: _, ...unnamed } = revision;
  return { ...unnamed, machines: stable.machines };
}

function isFixed({ project, shared, processes }: Wanted): boolean {
  return project === null || shared.length > 0 || processes.some(({ alone }) => alone);
}
