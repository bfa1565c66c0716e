import type { FlowHandler } from '../../flow/index.ts';
import type { Store } from '../../store/index.ts';
import type { Machines } from '../machines/machines.ts';
import { rampKind, type RampFlowData } from './ramps.ts';

/** Ramps of flags; what evaluates flags is loaded when there is one. */
export function lazyRamps({
  store,
  machines,
  flags,
}: {
  store: Store;
  machines: Machines;
  flags: { refresh(): Promise<void> };
}): FlowHandler<RampFlowData> {
  return {
    kind: rampKind,
    tick: async (flow, context) => {
      const [{ rampHandler }, { totalsOf }] = await Promise.all([
        import('./ramp-flow.ts'),
        import('./ask-ramp.ts'),
      ]);
      const refresh = () => flags.refresh();
      const totals = (scope: string) => totalsOf(scope, { store, machines });
      return rampHandler({ store, refresh, totals }).tick(flow, context);
    },
  };
}
