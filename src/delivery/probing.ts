import type { ProbesDefinition } from '../app/index.ts';
import { asksByItself, checkPin, stablePin } from './checks.ts';
import type { EnvironmentState } from './environment.ts';
import type { Observed } from './observed.ts';
import type { Pin, RouterState, Routes } from './ports.ts';
import { candidateWeight } from './routes.ts';

/** Requests that Slipway is to send by itself, through routers that take them to the revision that is meant. */
export interface ProbingWish {
  rollout: string;
  probes: ProbesDefinition;
  /** The check header's value that leads to each; stable is null where only the candidate can be asked. */
  pins: { candidate: string; stable: string | null };
  /** Machines whose routers do so now, and the hosts that they answer; at least one. */
  places: { machine: string; hosts: string[] }[];
}

/**
 * What to send now: from the candidate's first traffic until its bake ends. Not while the stable revision finishes what
 * it has, which is waited for. Only by routes that are in force: a request that no pin takes along would draw a revision
 * by itself, and be counted as the other's. Machines that have both revisions are asked, or else those with the candidate.
 */
export function probingWish(
  { stable, rollout }: EnvironmentState,
  { routers }: Pick<Observed, 'routers'>,
): ProbingWish | null {
  const probes = rollout?.settings.judge?.probes;
  if (!rollout || !probes || !asksByItself(rollout, candidateWeight(rollout))) return null;
  if (rollout.phase.at === 'draining') return null;
  const toCandidate = checkPin(rollout);
  const toStable = stable && stablePin(rollout, stable);
  const able = rollout.candidate.machines.flatMap((machine) => {
    const routes = settledRoutes(routers[machine]);
    return routes && leadsTo(routes, toCandidate) ? [{ machine, routes }] : [];
  });
  const both = able.filter(({ routes }) => toStable !== null && leadsTo(routes, toStable));
  const asked = both.length > 0 ? both : able;
  if (asked.length === 0) return null;
  return {
    rollout: rollout.id,
    probes,
    pins: {
      candidate: toCandidate.by.value,
      stable: both.length > 0 && toStable ? toStable.by.value : null,
    },
    places: asked.map(({ machine, routes }) => ({ machine, hosts: routes.hosts })),
  };
}

function settledRoutes(router: RouterState | null | undefined): Routes | null {
  return router && !router.unsure && !router.routes?.maintenance ? router.routes : null;
}

function leadsTo({ pins, revisions }: Routes, { revision, by }: Pin & { by: { value: string } }): boolean {
  const pinned = pins.some(
    (pin) => pin.revision === revision && 'value' in pin.by && pin.by.value === by.value,
  );
  return pinned && revisions.some(({ id, endpoints }) => id === revision && endpoints.length > 0);
}
