import { tickOnce, type Clock, type Flow, type FlowHandler } from '../flow/index.ts';
import type { Store } from '../store/index.ts';

interface LoopPorts {
  store: Store;
  handlers: readonly FlowHandler[];
  owner: string;
  clock: Clock;
  /** Others must have seen a claim unchanged for this long before they may take it over; a dead owner is noticed at once. */
  leaseMs: number;
  onError: (error: unknown, flow: Flow | null) => void;
}

/** Flows that are ticked at the same time. */
const breadth = 6;
const longestWaitMs = 1_000;
/** What another server has claimed looks due, too: no spinning for it. */
const shortestWaitMs = 10;
/** A store that cannot be written to, such as one on a full disk, is asked again after this, not in a hot loop. */
const afterFailureMs = 2_000;

/**
 * Ticks flows as they fall due: one lookout waits for the next due time or a commit; whoever finds a flow to tick sends
 * out the next lookout first, so that a slow tick holds nobody up.
 */
export class TickLoop {
  private readonly ports: LoopPorts;
  private readonly running = new Set<Promise<void>>();
  /** Flows that this process is ticking now; they are due by their row, and taken. */
  private readonly ticking = new Set<string>();
  private lookingOut = false;
  private stopped = false;
  private readonly stopping = Promise.withResolvers<void>();

  constructor(ports: LoopPorts) {
    this.ports = ports;
  }

  start(): void {
    this.sendLookout();
  }

  /** Lets the ticks under way finish. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.stopping.resolve();
    await Promise.all(this.running);
  }

  private sendLookout(): void {
    if (this.stopped || this.lookingOut || this.running.size >= breadth) return;
    this.lookingOut = true;
    const turn: Promise<void> = this.lookOut().finally(() => {
      this.running.delete(turn);
      this.sendLookout();
    });
    this.running.add(turn);
  }

  /** Looks until one flow was ticked. */
  private async lookOut(): Promise<void> {
    const { store, owner, clock, leaseMs, onError } = this.ports;
    // An object, for it changes in a callback.
    const lookout = { found: false };
    const handlers = this.ports.handlers.map((handler): FlowHandler => ({
      kind: handler.kind,
      tick: (flow, context) => {
        lookout.found = true;
        this.lookingOut = false;
        this.sendLookout();
        this.ticking.add(flow.id);
        return handler.tick(flow, context).finally(() => this.ticking.delete(flow.id));
      },
    }));
    while (!this.stopped && !lookout.found) {
      const token = store.changeToken();
      const result = await tickOnce({ store: store.flows, handlers, owner, clock, leaseMs, onError });
      if (lookout.found) break;
      const waitMs = result === 'failed' ? afterFailureMs : await this.waitMs();
      await Promise.race([store.waitForChange(token, waitMs), this.stopping.promise]);
    }
    if (!lookout.found) this.lookingOut = false;
  }

  private async waitMs(): Promise<number> {
    const flows = await this.ports.store.flows.list({ done: false }).catch(() => []);
    const free = flows.filter(({ id }) => !this.ticking.has(id));
    const due = Math.min(...free.map(({ wakeAtMs }) => wakeAtMs ?? Infinity));
    return Math.min(longestWaitMs, Math.max(shortestWaitMs, due - this.ports.clock.wallMs()));
  }
}
