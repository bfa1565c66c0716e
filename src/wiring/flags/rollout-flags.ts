import type { StrategyDefinition } from '../../app/index.ts';
import { flagWishes, type EnvironmentState, type FlagSight, type FlagStore } from '../../delivery/index.ts';
import type { CodedError } from '../../diagnostics/index.ts';
import type { Store } from '../../store/index.ts';
import type { FlagPlace } from './place.ts';

/** The flags of environments, as rollouts see and turn them. */
export interface RolloutFlags {
  /** Null when the rollout of the environment has to do with none. */
  see(state: EnvironmentState): Promise<FlagSight | null>;
  of(scope: string): FlagStore;
}

/** What evaluates flags is loaded with the first rollout that has some. */
export function rolloutFlags(parts: {
  store: Pick<Store, 'flags' | 'flows'>;
  /** Apps are answered by what the store has once this resolves. */
  refresh(): Promise<void>;
}): RolloutFlags {
  const load = () => import('./turn-flags.ts');
  return {
    see: async (state) =>
      flagWishes(state.rollout).length === 0 ? null : (await load()).seeFlags(state, parts.store),
    of: (scope) => ({
      set: async (change, fence) => (await load()).turnFlags(scope, { change, fence }, parts),
    }),
  };
}

/** Why flags that a strategy turns are not there to be turned: `wiring/no-flag-to-turn`. */
export async function missingFlags(
  place: FlagPlace,
  strategy: StrategyDefinition,
  store: Pick<Store, 'flags'>,
): Promise<CodedError[]> {
  const steps = strategy.kind === 'canary' ? strategy.steps : [];
  const wanted = steps.flatMap(({ flags = {} }) => Object.entries(flags));
  return wanted.length === 0 ? [] : (await import('./turn-flags.ts')).notThere(place, wanted, store);
}
