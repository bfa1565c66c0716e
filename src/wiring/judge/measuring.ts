import { metricWishes, probingWish, type EnvironmentState, type Observed } from '../../delivery/index.ts';
import { LookedAt } from './looked-at.ts';
import { meterOf, type MeterParts } from './meter-of.ts';
import type { Meter } from './meter.ts';
import { Prober } from './prober.ts';

interface Measured {
  meter: Meter;
  prober: Prober;
}

/**
 * Measures in the background what the judges of rollouts ask for. It begins with the first look at an environment that
 * wants something, and ends with the first that wants nothing; no look waits for it.
 */
export class Measuring {
  readonly #parts: MeterParts;
  /** By environment. */
  readonly #measured = new LookedAt<Measured>(({ meter, prober }) => {
    meter.want([]);
    prober.want(null);
  });

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  /** Takes what the state asks for now, and gives what is known. */
  look(state: EnvironmentState, observed: Pick<Observed, 'routers'>): Pick<Observed, 'metrics' | 'probed'> {
    const wishes = metricWishes(state);
    const wish = probingWish(state, observed);
    const { scope } = state;
    const isKnown = this.#measured.has(scope);
    // Counts go on after a pause in a rollout.
    if (!isKnown && wishes.length === 0 && !wish) return nothing;
    if (isKnown && !state.rollout) {
      this.#measured.forget(scope);
      return nothing;
    }
    const { meter, prober } = this.#measured.look(scope, () => this.#begin(scope));
    meter.want(wishes);
    prober.want(wish);
    return { metrics: meter.readings(), probed: prober.traffic() };
  }

  close(): void {
    this.#measured.close();
  }

  #begin(scope: string): Measured {
    const { machines } = this.#parts;
    return { meter: meterOf(scope, this.#parts), prober: new Prober({ machines }) };
  }
}

const nothing: Pick<Observed, 'metrics' | 'probed'> = { metrics: {}, probed: null };
