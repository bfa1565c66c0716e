import { CodedError } from '../../diagnostics/index.ts';
import type { CommandObservation, InstanceObservation, Observed } from '../observed.ts';
import type { Router, RouterState, Routes, Target } from '../ports.ts';
import type { DesiredInstance, Revision } from '../revision.ts';

/** How the copies of a release behave; told by its digest. */
export type Behaviour = 'good' | 'never-ready' | 'crashes' | 'migration-fails' | 'crashes-later';

interface Copy {
  id: string;
  revision: Revision;
  process: string;
  web: boolean;
  port: number | null;
  ageTicks: number;
  restarts: number;
  stopping: boolean;
}

/** A router and a supervisor in memory, which refuse older fences and note every broken promise. */
export class World {
  readonly broken: string[] = [];
  readonly commandRuns = new Map<string, number>();
  readonly copies = new Map<string, Copy>();
  routes: Routes | null = null;
  private routerFence = 0;
  private targetFence = 0;
  private readonly commands = new Map<string, CommandObservation>();
  private readonly inFlight = new Map<string, number>();
  private nextPort = 20_000;
  routerUp = true;
  /** Revisions whose files are gone: their copies cannot be started any more. */
  readonly damaged = new Set<string>();
  /** Revisions that have served with all copies ready, and may be returned to whatever their state. */
  readonly proven = new Set<string>();
  /** Revisions inside their rollback window, which must keep standing. */
  mustStand: string | null = null;

  readonly router: Router = {
    apply: (desired, fence) => {
      if (!this.routerUp) return Promise.reject(new Error('router is down'));
      if (fence < this.routerFence) return Promise.reject(new CodedError('world/stale-fence', 'stale fence'));
      this.routerFence = fence;
      this.checkRoutes(desired);
      this.routes = structuredClone(desired);
      return Promise.resolve();
    },
    observe: () => Promise.resolve(this.routerState()),
  };

  readonly target: Target = {
    start: (instance, fence) => this.fenced(fence, () => this.start(instance)),
    stop: (id, fence) => this.fenced(fence, () => this.stop(id)),
    runCommand: ({ key, revision }, fence) =>
      this.fenced(fence, () => {
        if (this.commands.has(key)) return;
        this.commandRuns.set(key, (this.commandRuns.get(key) ?? 0) + 1);
        const code = behaviour(revision) === 'migration-fails' ? 1 : 0;
        this.commands.set(key, { state: 'exited', code, logTail: [] });
      }),
    prepare: () => Promise.resolve(),
  };

  observe(commandKey: string | null): Observed {
    return {
      instances: [...this.copies.values()].map((copy) => this.see(copy)),
      router: this.routerUp ? this.routerState() : null,
      command: (commandKey !== null && this.commands.get(commandKey)) || { state: 'none' },
      prepared: 'done',
    };
  }

  /** A revision's files go, and one of its copies with them. */
  damage(revision: string): void {
    this.damaged.add(revision);
    for (const copy of this.copies.values()) {
      if (copy.revision.id === revision) return void this.copies.delete(copy.id);
    }
  }

  /** Lets a moment pass: copies age, crash or end, requests come and go. `dice` is 0..1. */
  pass(dice: () => number): void {
    for (const copy of this.copies.values()) {
      copy.ageTicks += 1;
      if (copy.stopping && dice() < 0.5) this.copies.delete(copy.id);
      const kind = behaviour(copy.revision);
      if (kind === 'crashes' || (kind === 'crashes-later' && copy.ageTicks > 12 && copy.web))
        copy.restarts += 1;
    }
    const live = this.routes?.revisions ?? [];
    for (const { id, weightPercent } of live) {
      const now = this.inFlight.get(id) ?? 0;
      this.inFlight.set(
        id,
        weightPercent > 0 ? Math.floor(dice() * 4) : Math.max(0, now - Math.round(dice() * 2)),
      );
    }
    for (const id of this.inFlight.keys())
      if (!live.some((revision) => revision.id === id)) this.inFlight.delete(id);
  }

  private fenced(fence: number, act: () => void): Promise<void> {
    if (fence < this.targetFence) return Promise.reject(new CodedError('world/stale-fence', 'stale fence'));
    this.targetFence = fence;
    return Promise.resolve().then(act);
  }

  private start({ id, revision, process }: DesiredInstance): void {
    if (this.copies.has(id)) return;
    if (this.damaged.has(revision.id)) throw new Error('its files are gone');
    for (const copy of this.copies.values()) {
      if (
        process.role === 'worker' &&
        !process.overlap &&
        copy.process === process.name &&
        copy.revision.id !== revision.id
      ) {
        this.broken.push(`${id} starts beside ${copy.id}, which may not overlap`);
      }
    }
    const port = process.role === 'web' ? this.nextPort++ : null;
    this.copies.set(id, {
      id,
      revision,
      process: process.name,
      web: process.role === 'web',
      port,
      ageTicks: 0,
      restarts: 0,
      stopping: false,
    });
  }

  private stop(id: string): void {
    const copy = this.copies.get(id);
    if (!copy) return;
    if (copy.web && this.weightOf(copy.revision.id) > 0)
      this.broken.push(`${id} is stopped while it has traffic`);
    if (copy.web && this.mustStand === copy.revision.id)
      this.broken.push(`${id} is stopped inside its rollback window`);
    copy.stopping = true;
  }

  private checkRoutes(desired: Routes): void {
    for (const { id, weightPercent, endpoints } of desired.revisions) {
      if (weightPercent === 0) continue;
      const before = this.routes?.revisions.find((revision) => revision.id === id);
      const routed =
        before && before.weightPercent > 0 ? before.endpoints.map(({ instance }) => instance) : [];
      const added = endpoints.filter(({ instance }) => !routed.includes(instance));
      const copies = added.map(({ instance }) => this.copies.get(instance));
      if (copies.some((copy) => !copy || copy.stopping))
        this.broken.push(`${id} gets traffic while a copy of it is gone`);
      if (this.proven.has(id)) continue;
      if (copies.some((copy) => copy && !isReady(copy)))
        this.broken.push(`${id} gets traffic before it is ready`);
      const first = this.copies.get(endpoints[0]?.instance ?? '');
      const replicas = first?.revision.processes.find(({ role }) => role === 'web')?.replicas ?? 1;
      const alone = desired.revisions.every((other) => other.id === id || other.endpoints.length === 0);
      if (!alone && weightPercent > (100 * endpoints.length) / replicas)
        this.broken.push(`${id} gets more traffic than its capacity`);
    }
  }

  weightOf(revision: string): number {
    return this.routes?.revisions.find(({ id }) => id === revision)?.weightPercent ?? 0;
  }

  private see(copy: Copy): InstanceObservation {
    const probe = isReady(copy) ? 'ready' : { failed: 'HTTP 503' };
    return {
      id: copy.id,
      revision: copy.revision.id,
      process: copy.process,
      phase: copy.stopping ? 'stopping' : 'running',
      host: '127.0.0.1',
      port: copy.port,
      drift: null,
      restarts: copy.restarts,
      exitCode: null,
      probe: copy.web ? probe : 'not-probed',
      logTail: [],
    };
  }

  private routerState(): RouterState {
    const known = this.routes?.revisions ?? [];
    return {
      epoch: 'e',
      lost: false,
      fence: this.routerFence,
      routes: structuredClone(this.routes),
      revisions: known.map(({ id, weightPercent }) => ({
        id,
        weightPercent,
        inFlight: this.inFlight.get(id) ?? 0,
        requests: 0,
        errors: 0,
        gatewayErrors: 0,
        sessions: 0,
        sessionsWithError: 0,
        latency: [],
      })),
    };
  }
}

function isReady(copy: Copy): boolean {
  return behaviour(copy.revision) !== 'never-ready' && copy.ageTicks >= 2 && !copy.stopping;
}

/** What the release's digest says about its behaviour. */
export function behaviour(revision: Pick<Revision, 'release'>): Behaviour {
  return revision.release.digest.split(':')[1] as Behaviour;
}
