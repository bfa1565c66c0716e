import { upgradeState, type EnvironmentState } from '../delivery/index.ts';
import type { Store } from '../store/index.ts';

/** Id of the flow that owns an environment. */
export function environmentFlowId(scope: string): string {
  return `environment:${scope}`;
}

/** The state of an environment, whichever version wrote it; null when nothing was ever asked of it. */
export async function environmentState(scope: string, store: Store): Promise<EnvironmentState | null> {
  const flow = await store.flows.get(environmentFlowId(scope));
  return flow ? upgradeState(flow.data) : null;
}

/** The states of all environments, whichever version wrote them. */
export async function environmentStates(store: Store): Promise<EnvironmentState[]> {
  const flows = await store.flows.list({ kind: 'environment' });
  return flows.map(({ data }) => upgradeState(data));
}
