import {
  machinesOf,
  nameOn,
  type EnvironmentState,
  type InstanceObservation,
  type RouterState,
} from '../delivery/index.ts';
import type { Machines } from './machines/machines.ts';
import { hasContainers } from './targets.ts';

/** What an environment has on one machine now, for people. */
export interface SeenMachine {
  name: string;
  containers: InstanceObservation[];
  /** Null while it does not answer. */
  router: RouterState | null;
  /** Why nothing is known of its containers; null when they could be looked at. */
  silent: string | null;
}

/** Looks at all machines of an environment side by side; one that does not answer is a fact. */
export function seeMachines(state: EnvironmentState, machines: Machines): Promise<SeenMachine[]> {
  const { scope } = state;
  return Promise.all(
    machinesOf(state).map(async (name) => {
      const { containers, router } = machines.of(name);
      const [looked, routes] = await Promise.all([
        hasContainers(state)
          ? containers.observe(scope, []).catch((error: unknown) => reasonOf(error))
          : Promise.resolve([]),
        router.observe(scope).catch(() => null),
      ]);
      return typeof looked === 'string'
        ? { name, containers: [], router: routes, silent: looked }
        : {
            name,
            containers: looked.map((one) => ({ ...one, id: nameOn(name, one.id) })),
            router: routes,
            silent: null,
          };
    }),
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
