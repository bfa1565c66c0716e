import {
  metricWishes,
  probingWish,
  type EnvironmentState,
  type MetricWish,
  type Observed,
  type ProbingWish,
} from '../../delivery/index.ts';
import type { Machines } from '../machines/machines.ts';
import { Meter } from './meter.ts';
import { Prober } from './prober.ts';

/** What measuring takes. */
interface Parts {
  machines: Pick<Machines, 'of'>;
  /** PATH of commands that measure. */
  path: string;
}

interface Measured {
  meter: Meter;
  prober: Prober;
  /** Ends both. */
  timer: NodeJS.Timeout;
}

/** An environment that has not been looked at for so long is another server's by now. */
const forgottenAfterMs = 300_000;

/**
 * Measures in the background what the judges of rollouts ask for. It begins with the first look at an environment that
 * wants something, and ends with the first that wants nothing; no look waits for it.
 */
export class Measuring {
  readonly #parts: Parts;
  /** By environment. */
  readonly #measured = new Map<string, Measured>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes what the state asks for now, and gives what is known. */
  look(state: EnvironmentState, observed: Pick<Observed, 'routers'>): Pick<Observed, 'metrics' | 'probed'> {
    const wishes = metricWishes(state);
    const wish = probingWish(state, observed);
    const { scope } = state;
    const known = this.#measured.get(scope);
    // Counts go on after a pause in a rollout.
    if (!known && wishes.length === 0 && !wish) return nothing;
    if (known && !state.rollout) return this.#forget(scope);
    const { meter, prober } = this.#follow(scope, { wishes, wish });
    return { metrics: meter.readings(), probed: prober.traffic() };
  }

  close(): void {
    for (const scope of this.#measured.keys()) this.#forget(scope);
  }

  #follow(scope: string, { wishes, wish }: { wishes: MetricWish[]; wish: ProbingWish | null }): Measured {
    const measured = this.#measured.get(scope) ?? this.#begin(scope);
    measured.timer.refresh();
    measured.meter.want(wishes);
    measured.prober.want(wish);
    return measured;
  }

  #begin(scope: string): Measured {
    const { machines, path } = this.#parts;
    const measured = {
      meter: new Meter({ scope, machines, path, nowMs: () => performance.now() }),
      prober: new Prober({ machines }),
      timer: setTimeout(() => this.#forget(scope), forgottenAfterMs).unref(),
    };
    this.#measured.set(scope, measured);
    return measured;
  }

  #forget(scope: string): typeof nothing {
    const known = this.#measured.get(scope);
    known?.meter.want([]);
    known?.prober.want(null);
    clearTimeout(known?.timer);
    this.#measured.delete(scope);
    return nothing;
  }
}

const nothing: Pick<Observed, 'metrics' | 'probed'> = { metrics: {}, probed: null };
