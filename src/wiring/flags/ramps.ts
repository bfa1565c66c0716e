import type { Ramp } from '../../flags/index.ts';
import type { Store } from '../../store/index.ts';

/** What a ramp's flow keeps: there is one for a flag, and one ramp at a time in it. */
export interface RampFlowData {
  /** `shop/production` */
  scope: string;
  flag: string;
  /** The last one that was asked for; null before the first. */
  ramp: Ramp | null;
}

export const rampKind = 'ramp';

/** Id of the flow that ramps a flag. */
export function rampFlowId(scope: string, flag: string): string {
  return `ramp:${scope}:${flag}`;
}

/** Every flag that was ever ramped. */
export async function rampFlows(store: Pick<Store, 'flows'>): Promise<{ id: string; data: RampFlowData }[]> {
  const flows = await store.flows.list({ kind: rampKind });
  return flows.map(({ id, data }) => ({ id, data: data as RampFlowData }));
}
