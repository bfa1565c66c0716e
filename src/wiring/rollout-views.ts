import type { EnvironmentState } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { environmentFlowId, environmentStates } from './environments.ts';
import { rolloutsOf } from './rollout-log.ts';
import type { RunFlowData } from './run-data.ts';
import type { ShipData } from './ship-flow.ts';
import type { System } from './system.ts';
import { viewRollout } from './view-environment.ts';
import type { RolloutView } from './views.ts';

type Parts = Pick<System, 'store' | 'problems'>;

/** Which past is asked for; null for every app, and for every environment. */
export interface HistoryWish {
  app: string | null;
  environment: string | null;
  limit: number;
}

/** Throws `wiring/no-such-rollout`. */
export async function requireRollout(id: string, parts: Parts): Promise<RolloutView> {
  for (const state of await environmentStates(parts.store)) {
    const view = (await rolloutsIn([state], parts)).find((rollout) => rollout.id === id);
    if (view) return view;
  }
  throw new CodedError('wiring/no-such-rollout', `there is no rollout "${id}"`, {
    help: 'list them: slipway history',
  });
}

/** Newest first. */
export async function pastRollouts(
  { app, environment, limit }: HistoryWish,
  parts: Parts,
): Promise<RolloutView[]> {
  const states = (await environmentStates(parts.store)).filter(({ scope }) => {
    const [ownApp, ownEnvironment] = scope.split('/');
    return (app === null || app === ownApp) && (environment === null || environment === ownEnvironment);
  });
  const views = await rolloutsIn(states, parts);
  return views.toSorted((a, b) => b.requestedAtMs - a.requestedAtMs).slice(0, limit);
}

/** Those that the deploy steps of a ship's runs have asked for, then the ship's own. */
export async function rolloutsOfShip(
  ship: ShipData,
  runs: readonly RunFlowData[],
  parts: Parts,
): Promise<RolloutView[]> {
  const asked = runs.flatMap(({ run, deploys }) =>
    Object.values(deploys).map(({ rolloutId, environment }) => ({
      id: rolloutId,
      scope: `${run.app}/${environment}`,
    })),
  );
  const own = ship.rollouts.map(({ id, environment }) => ({
    id,
    scope: `${ship.app.name}/${environment}`,
  }));
  const wanted = [...asked, ...own];
  if (wanted.length === 0) return [];
  const scopes = new Set(wanted.map(({ scope }) => scope));
  const states = (await environmentStates(parts.store)).filter(({ scope }) => scopes.has(scope));
  const views = await rolloutsIn(states, parts);
  return wanted.flatMap(({ id }) => views.filter((view) => view.id === id));
}

async function rolloutsIn(states: readonly EnvironmentState[], parts: Parts): Promise<RolloutView[]> {
  return (await Promise.all(states.map((state) => rolloutsOfOne(state, parts)))).flat();
}

async function rolloutsOfOne(state: EnvironmentState, { store, problems }: Parts): Promise<RolloutView[]> {
  const [trouble] = Object.values(state.troubles ?? {});
  const problem = problems.get(environmentFlowId(state.scope)) ?? trouble?.message ?? null;
  return (await rolloutsOf(store, state.scope)).map((record) => {
    const stuck = state.rollout?.id === record.id ? problem : null;
    return viewRollout(record, state, stuck);
  });
}
