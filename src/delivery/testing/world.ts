import { CodedError } from '../../diagnostics/index.ts';
import { dueCheck } from '../checks.ts';
import { currentCommand } from '../effects.ts';
import type { EnvironmentState } from '../environment.ts';
import { here } from '../machines.ts';
import type { CommandObservation, InstanceObservation, Observed, Preparation } from '../observed.ts';
import type { Router, RouterState, Routes, Target } from '../ports.ts';
import type { DesiredInstance, ProcessRole, Revision } from '../revision.ts';

/** How the copies of a release behave; told by its digest. */
export type Behaviour =
  | 'good'
  | 'never-ready'
  | 'crashes'
  | 'migration-fails'
  | 'crashes-later'
  | 'errors'
  | 'breaks-stable'
  | 'cannot-prepare'
  | 'check-fails';

interface Copy {
  id: string;
  revision: Revision;
  process: string;
  role: ProcessRole;
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
  /** Revisions that must keep standing: the stable one, and one inside its rollback window. */
  mustStand = new Set<string>();
  /** The revision that serves when no rollout is under way. */
  stable: string | null = null;
  /** The shared service that somebody has asked to be replaced. */
  mayEnd: string | null = null;
  /** Releases whose copies answer no more on what a migration left. */
  readonly brokenData = new Set<string>();
  readonly succeeded = new Map<string, number>();
  private readonly preparations = new Map<string, number>();
  private readonly counts = new Map<string, { requests: number; errors: number }>();
  private epoch = 1;
  lost = false;

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
        const isCheck = key.startsWith('check-');
        const code = behaviour(revision) === (isCheck ? 'check-fails' : 'migration-fails') ? 1 : 0;
        if (code === 0 && !isCheck) this.noteSuccess(revision, key);
        this.commands.set(key, { state: 'exited', code, logTail: [] });
      }),
    prepare: (revision, fence) =>
      this.fenced(
        fence,
        () => void this.preparations.set(revision.id, this.preparations.get(revision.id) ?? 0),
      ),
  };

  observe(state: EnvironmentState): Observed {
    const commandKey = currentCommand(state);
    const candidate = state.rollout?.candidate ?? null;
    const asked = candidate && dueCheck(state.rollout)?.check.kind === 'request' ? candidate : null;
    return {
      instances: [...this.copies.values()].map((copy) => this.see(copy)),
      routers: { [here]: this.routerUp ? this.routerState() : null },
      command: asked
        ? this.ask(asked)
        : (commandKey !== null && this.commands.get(commandKey)) || { state: 'none' },
      prepared: { [here]: candidate ? this.prepared(candidate) : 'none' },
      silent: [],
    };
  }

  private ask(candidate: Revision): CommandObservation {
    if (behaviour(candidate) === 'check-fails') return { state: 'unmet', why: 'HTTP 500', logTail: [] };
    return { state: 'exited', code: 0, logTail: [] };
  }

  private prepared(revision: Revision): Preparation {
    const age = this.preparations.get(revision.id);
    if (age === undefined) return 'none';
    if (age < 2) return 'going';
    return behaviour(revision) === 'cannot-prepare' ? { failed: 'no such image', logTail: [] } : 'done';
  }

  /** A router that begins anew has counted nothing yet, and may have lost what it had not counted. */
  restartRouter(lost: boolean): void {
    this.epoch += 1;
    this.lost = lost;
    this.counts.clear();
  }

  private noteSuccess(revision: Revision, key: string): void {
    const once = `${revision.release.digest} ${key.slice(0, key.lastIndexOf('-'))}`;
    this.succeeded.set(once, (this.succeeded.get(once) ?? 0) + 1);
    if (behaviour(revision) !== 'breaks-stable') return;
    for (const copy of this.copies.values())
      if (copy.revision.release.digest !== revision.release.digest)
        this.brokenData.add(copy.revision.release.digest);
  }

  /** A revision's files go, and one of its copies with them. */
  damage(revision: string): void {
    this.damaged.add(revision);
    for (const copy of this.copies.values()) {
      if (copy.revision.id === revision && copy.role !== 'shared') return void this.copies.delete(copy.id);
    }
  }

  /** Lets a moment pass: copies age, crash or end, requests come and go. `dice` is 0..1. */
  pass(dice: () => number): void {
    for (const [id, age] of this.preparations) this.preparations.set(id, age + 1);
    this.countRequests(dice);
    for (const copy of this.copies.values()) {
      copy.ageTicks += 1;
      if (copy.stopping && dice() < 0.5) this.copies.delete(copy.id);
      const kind = behaviour(copy.revision);
      if (copy.role === 'shared') continue;
      if (kind === 'crashes' || (kind === 'crashes-later' && copy.ageTicks > 12 && copy.role === 'web'))
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

  private countRequests(dice: () => number): void {
    for (const { id, weightPercent, endpoints } of this.routes?.revisions ?? []) {
      if (endpoints.length === 0) continue;
      const seen = this.counts.get(id) ?? { requests: 0, errors: 0 };
      const requests = Math.round((weightPercent / 2) * dice());
      const copy = this.copies.get(endpoints[0]?.instance ?? '');
      const bad = copy && behaviour(copy.revision) === 'errors';
      seen.requests += requests;
      seen.errors += bad ? Math.ceil(requests / 3) : 0;
      this.counts.set(id, seen);
    }
  }

  private fenced(fence: number, act: () => void): Promise<void> {
    if (fence < this.targetFence) return Promise.reject(new CodedError('world/stale-fence', 'stale fence'));
    this.targetFence = fence;
    return Promise.resolve().then(act);
  }

  private start({ id, revision, process }: DesiredInstance): void {
    if (this.copies.has(id)) return;
    if (this.damaged.has(revision.id) && process.role !== 'shared') throw new Error('its files are gone');
    const others = [...this.copies.values()].filter((copy) => copy.process === process.name);
    for (const copy of others) {
      const alone = process.role === 'worker' && copy.role === 'worker' && !process.overlap;
      if (alone && copy.revision.id !== revision.id)
        this.broken.push(`${id} starts beside ${copy.id}, which may not overlap`);
      if (process.role === 'web' && copy.role === 'web' && copy.revision.id !== revision.id) {
        const alone = process.alone || copy.revision.processes.some((one) => one.role === 'web' && one.alone);
        if (alone) this.broken.push(`${id} starts while ${copy.id} runs, and only one may`);
      }
      if (process.role === 'shared' && copy.role === 'shared') this.broken.push(`${id} is doubled`);
    }
    if (!this.proven.has(revision.id)) this.checkOrder(id, revision, process.after);
    const port = process.role === 'web' ? this.nextPort++ : null;
    this.copies.set(id, {
      id,
      revision,
      process: process.name,
      role: process.role,
      port,
      ageTicks: 0,
      restarts: 0,
      stopping: false,
    });
  }

  private checkOrder(id: string, revision: Revision, after: string[]): void {
    for (const name of after) {
      const up = [...this.copies.values()].filter(
        (copy) =>
          copy.process === name &&
          (copy.role === 'shared' || copy.revision.id === revision.id) &&
          isReady(copy),
      );
      if (up.length === 0) this.broken.push(`${id} starts before ${name} is up`);
    }
  }

  private stop(id: string): void {
    const copy = this.copies.get(id);
    if (!copy) return;
    const { revision, role, process } = copy;
    if (role === 'web' && this.weightOf(revision.id) > 0 && this.isRouted(id))
      this.broken.push(`${id} is stopped while it has traffic`);
    if (role === 'web' && this.mustStand.has(revision.id))
      this.broken.push(`${id} is stopped while it must stand`);
    if (role === 'shared' && this.mayEnd !== process)
      this.broken.push(`${id} is stopped and nobody asked for it`);
    if (role === 'companion') {
      const asks = [...this.copies.values()].find(
        (other) => other.revision.id === revision.id && other.role === 'web' && !other.stopping,
      );
      if (asks) this.broken.push(`${id} is stopped before ${asks.id}`);
    }
    copy.stopping = true;
  }

  private isRouted(id: string): boolean {
    const all = this.routes?.revisions.flatMap(({ endpoints }) => endpoints) ?? [];
    return all.some(({ instance }) => instance === id);
  }

  private checkRoutes(desired: Routes): void {
    const total = desired.revisions.reduce((sum, { weightPercent }) => sum + weightPercent, 0);
    if (total !== 100 && total !== 0) this.broken.push(`the weights sum to ${total}`);
    for (const { revision } of desired.pins) {
      const pinned = desired.revisions.find(({ id }) => id === revision);
      const copies = pinned?.endpoints.map(({ instance }) => this.copies.get(instance)) ?? [];
      const known = this.routes?.pins.some((pin) => pin.revision === revision);
      if (!known && !copies.some((copy) => copy && isReady(copy)))
        this.broken.push(`testers are sent to ${revision}, which is not ready`);
    }
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
      const stable = desired.revisions.find((other) => other.id === this.stable);
      // Where the stable revision has no copy left, whoever has one takes all.
      const alone = id === this.stable || !stable || stable.endpoints.length === 0;
      if (!alone && weightPercent > (100 * endpoints.length) / replicas)
        this.broken.push(`${id} gets more traffic than its capacity`);
    }
  }

  weightOf(revision: string): number {
    return this.routes?.revisions.find(({ id }) => id === revision)?.weightPercent ?? 0;
  }

  private see(copy: Copy): InstanceObservation {
    const ill = copy.role === 'web' && this.brokenData.has(copy.revision.release.digest);
    const probe = ill
      ? { failed: 'HTTP 500: no such column' }
      : isReady(copy)
        ? 'ready'
        : { failed: 'HTTP 503' };
    return {
      id: copy.id,
      revision: copy.role === 'shared' ? 'shared' : copy.revision.id,
      process: copy.process,
      phase: copy.stopping ? 'stopping' : 'running',
      host: '127.0.0.1',
      port: copy.port,
      drift: null,
      restarts: copy.restarts,
      exitCode: null,
      probe: copy.role === 'worker' ? 'not-probed' : probe,
      logTail: [],
    };
  }

  private routerState(): RouterState {
    const known = this.routes?.revisions ?? [];
    return {
      epoch: `e${this.epoch}`,
      lost: this.lost,
      fence: this.routerFence,
      routes: structuredClone(this.routes),
      revisions: known.map(({ id, weightPercent }) => ({
        id,
        weightPercent,
        inFlight: this.inFlight.get(id) ?? 0,
        inFlightAt: null,
        requests: this.counts.get(id)?.requests ?? 0,
        errors: this.counts.get(id)?.errors ?? 0,
        gatewayErrors: 0,
        sessions: 0,
        sessionsWithError: 0,
        latency: [],
      })),
    };
  }
}

function isReady(copy: Copy): boolean {
  const { shared } = copy.revision;
  const broken = shared.some(
    ({ name, fingerprint }) => name === copy.process && fingerprint.startsWith('broken'),
  );
  const never = copy.role === 'shared' ? broken : behaviour(copy.revision) === 'never-ready';
  return !never && copy.ageTicks >= 2 && !copy.stopping;
}

/** What the release's digest says about its behaviour. */
export function behaviour(revision: Pick<Revision, 'release'>): Behaviour {
  return revision.release.digest.split(':')[1] as Behaviour;
}
