import { isGoing, type Ramp } from '../../flags/index.ts';
import { unreachable } from '../../diagnostics/index.ts';
import type { Store } from '../../store/index.ts';
import type { FlagPlace } from './place.ts';
import { rampFlows } from './ramps.ts';

/** A ramp as it stands, for people. */
export interface RampView extends FlagPlace {
  id: string;
  flag: string;
  variant: string;
  steps: number[];
  /** Share that it is at, or ended with; null where the flag is as it was before, or as others want it. */
  percent: number | null;
  state: 'setting' | 'holding' | 'returning' | 'done' | 'failed' | 'aborted' | 'overtaken';
  /** Of the hold; null when nothing is held. */
  leftMs: number | null;
  /** What the judge says, or why it ended. */
  word: string;
  by: string;
  startedAtMs: number;
}

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
