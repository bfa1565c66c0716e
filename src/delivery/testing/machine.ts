import { CodedError } from '../../diagnostics/index.ts';
import { copyJson } from '../../flow/index.ts';
import { here } from '../machines.ts';
import type { Router, RouterState, Routes, SessionLot, Target } from '../ports.ts';

/** One machine in memory: its router, which counts and forgets, and who may act on it. */
export class MachineInMemory {
  readonly name: string;
  /** What runs there is started, stopped and counted by the world. */
  target!: Target;
  routes: Routes | null = null;
  routerUp = true;
  /** False: cut off. What runs there goes on, and keeps its traffic. */
  answers = true;
  /** Looks since a revision began to be prepared. */
  readonly preparations = new Map<string, number>();
  /** How often the router has lost what it had not counted. */
  private losses = 0;
  /** A router that answers and does not do what it is told: its program is in its way. */
  refuses = false;
  private unsure = false;
  private told: Routes | null = null;
  private routerFence = 0;
  private targetFence = 0;
  private epoch = 1;
  private readonly inFlight = new Map<string, number>();
  private readonly counts = new Map<string, { requests: number; errors: number }>();
  /** By revision: all requests ever, also those that the router has lost since. */
  readonly served = new Map<string, number>();
  /** Each request is a session of its own. */
  private readonly lots = new Map<string, SessionLot>();
  private readonly checkRoutes: (machine: MachineInMemory, desired: Routes) => void;

  readonly router: Router = {
    apply: (desired, fence) => {
      if (!this.answers) return Promise.reject(new Error(`${this.name} does not answer`));
      if (!this.routerUp) return Promise.reject(new Error('router is down'));
      if (fence < this.routerFence) return Promise.reject(new CodedError('world/stale-fence', 'stale fence'));
      this.routerFence = fence;
      this.checkRoutes(this, desired);
      this.told = copyJson(desired);
      this.unsure = this.refuses;
      if (this.refuses) return Promise.reject(new Error('the program refused'));
      this.routes = copyJson(desired);
      return Promise.resolve();
    },
    observe: () => Promise.resolve(this.routerState()),
  };

  constructor(name: string, checkRoutes: (machine: MachineInMemory, desired: Routes) => void) {
    this.name = name;
    this.checkRoutes = checkRoutes;
  }

  /** Acts unless a newer owner has, or the machine is cut off. */
  fenced(fence: number, act: () => void): Promise<void> {
    if (!this.answers) return Promise.reject(new Error(`${this.name} does not answer`));
    if (fence < this.targetFence) return Promise.reject(new CodedError('world/stale-fence', 'stale fence'));
    this.targetFence = fence;
    return Promise.resolve().then(act);
  }

  /** A router that begins anew has counted nothing yet, and may have lost what it had not counted. */
  restartRouter(lost: boolean): void {
    this.epoch += 1;
    this.losses = lost ? 1 : 0;
    this.counts.clear();
    this.lots.clear();
  }

  weightOf(revision: string): number {
    return this.routes?.revisions.find(({ id }) => id === revision)?.weightPercent ?? 0;
  }

  isRouted(localId: string): boolean {
    const all = this.routes?.revisions.flatMap(({ endpoints }) => endpoints) ?? [];
    return all.some(({ instance }) => instance === localId);
  }

  /** Requests come and go. `dice` is 0..1; `isBad` tells which copies answer with errors. */
  pass(dice: () => number, isBad: (localId: string) => boolean): void {
    for (const [id, age] of this.preparations) this.preparations.set(id, age + 1);
    const live = this.routes?.revisions ?? [];
    for (const { id, weightPercent, endpoints } of live) {
      const [first] = endpoints;
      if (first) this.count(id, Math.round((weightPercent / 2) * dice()), isBad(first.instance));
    }
    for (const { id, weightPercent } of live) {
      const now = this.inFlight.get(id) ?? 0;
      const next = weightPercent > 0 ? Math.floor(dice() * 4) : Math.max(0, now - Math.round(dice() * 2));
      this.inFlight.set(id, next);
    }
    for (const id of this.inFlight.keys())
      if (!live.some((revision) => revision.id === id)) this.inFlight.delete(id);
  }

  routerState(): RouterState {
    const known = this.routes?.revisions ?? [];
    return {
      // Machines have begun at different times.
      epoch: this.name === here ? `e${this.epoch}` : `${this.name}-${this.epoch}`,
      losses: this.losses,
      unsure: this.unsure,
      fence: this.routerFence,
      routes: copyJson(this.told),
      revisions: known.map(({ id, weightPercent }) => ({
        id,
        weightPercent,
        inFlight: this.inFlight.get(id) ?? 0,
        inFlightAt: null,
        requests: this.counts.get(id)?.requests ?? 0,
        errors: this.counts.get(id)?.errors ?? 0,
        gatewayErrors: 0,
        sessions: this.counts.get(id)?.requests ?? 0,
        sessionsWithError: this.counts.get(id)?.errors ?? 0,
        latency: [],
        failures: null,
      })),
      lots: copyJson([...this.lots.values()]),
    };
  }

  private count(id: string, requests: number, bad: boolean): void {
    const seen = this.counts.get(id) ?? { requests: 0, errors: 0 };
    const errors = bad ? Math.ceil(requests / 3) : 0;
    seen.requests += requests;
    seen.errors += errors;
    this.counts.set(id, seen);
    this.served.set(id, (this.served.get(id) ?? 0) + requests);
    this.draw(id, requests, errors);
  }

  private draw(id: string, sessions: number, failed: number): void {
    const shares = (this.routes?.revisions ?? []).filter(({ weightPercent }) => weightPercent > 0);
    if (shares.length < 2) return;
    const weights = Object.fromEntries(shares.map((one) => [one.id, one.weightPercent]));
    const lot = this.lots.get(JSON.stringify(weights)) ?? { weights, drawn: {} };
    this.lots.set(JSON.stringify(weights), lot);
    const drawn = (lot.drawn[id] ??= { sessions: 0, failed: 0, slow: [] });
    drawn.sessions += sessions;
    drawn.failed += failed;
  }
}
