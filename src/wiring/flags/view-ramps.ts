import { isGoing, type Ramp } from '../../flags/index.ts';
import { unreachable } from '../../diagnostics/index.ts';
import type { Store } from '../../store/index.ts';
import { flagPlaceOf, type FlagPlace } from './place.ts';
import type { RampView } from '../views.ts';
import { rampFlows, type RampFlowData } from './ramps.ts';

/** The last ramp of each flag, those under way first. */
export async function viewRamps(
  { app, environment }: FlagPlace,
  store: Pick<Store, 'flows'>,
): Promise<RampView[]> {
  const own = (await rampFlows(store)).filter(({ data }) => data.scope === `${app}/${environment}`);
  const found = own.flatMap(({ data: { ramp } }) =>
    ramp ? [{ ramp, view: viewOf({ app, environment }, ramp) }] : [],
  );
  const order = found.toSorted(
    (a, b) => Number(isGoing(b.ramp)) - Number(isGoing(a.ramp)) || b.ramp.startedAtMs - a.ramp.startedAtMs,
  );
  return order.map(({ view }) => view);
}

/** Those under way, of all environments. */
export function rampsUnderWay(flows: readonly { data: RampFlowData }[]): RampView[] {
  return flows.flatMap(({ data: { scope, ramp } }) =>
    isGoing(ramp) ? [viewOf(flagPlaceOf(scope), ramp)] : [],
  );
}

function viewOf(place: FlagPlace, ramp: Ramp): RampView {
  const { id, flag, variant, steps, by, startedAtMs, phase, holdMs, word } = ramp;
  const common = { ...place, id, flag, variant, steps, by, startedAtMs, leftMs: null };
  switch (phase.at) {
    case 'setting':
      return { ...common, percent: steps[phase.step] ?? null, state: 'setting', word };
    case 'holding': {
      const leftMs = Math.max(0, holdMs - phase.timer.elapsedMs);
      return { ...common, percent: steps[phase.step] ?? null, state: 'holding', leftMs, word };
    }
    case 'returning':
      return { ...common, percent: null, state: 'returning', word: phase.reason };
    case 'ended':
      return {
        ...common,
        percent: phase.end === 'done' ? (steps.at(-1) ?? null) : null,
        state: phase.end,
        word: phase.reason,
      };
    default:
      return unreachable(phase);
  }
}
