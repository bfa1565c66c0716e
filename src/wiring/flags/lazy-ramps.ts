import type { FlowHandler } from '../../flow/index.ts';
import type { Store } from '../../store/index.ts';
import type { Layout } from '../layout.ts';
import type { Machines } from '../machines/machines.ts';
import type { RampMeters } from '../ramp-meters.ts';
import { rampKind, type RampFlowData } from './ramps.ts';

/** Ramps of flags; what evaluates flags is loaded when there is one. */
export function lazyRamps({
  store,
  layout,
  machines,
  flags,
  path,
}: {
  store: Store;
  layout: Layout;
  machines: Machines;
  flags: { refresh(): Promise<void> };
  /** PATH of commands that measure. */
  path: string;
}): FlowHandler<RampFlowData> {
  let meters: RampMeters | null = null;
  return {
    kind: rampKind,
    tick: async (flow, context) => {
      const [{ rampHandler }, { totalsOf }, { RampMeters }] = await Promise.all([
        import('./ramp-flow.ts'),
        import('./environment-totals.ts'),
        import('../ramp-meters.ts'),
      ]);
      const refresh = () => flags.refresh();
      const totals = (scope: string) => totalsOf(scope, { store, machines });
      meters ??= new RampMeters({ machines, layout, path });
      return rampHandler({ store, refresh, totals, meters }).tick(flow, context);
    },
  };
}
