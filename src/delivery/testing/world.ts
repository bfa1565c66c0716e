import { dueCheck } from '../checks.ts';
import { commandsToForget, currentCommand } from '../effects.ts';
import type { EnvironmentState } from '../environment.ts';
import { here, homeOf, localId, machineOf, machinesOf, nameOn } from '../machines.ts';
import type { CommandObservation, InstanceObservation, Observed, Preparation } from '../observed.ts';
import type { Routes, Target } from '../ports.ts';
import type { DesiredInstance, ProcessRole, Revision } from '../revision.ts';
import { FlagsInMemory } from './flags.ts';
import { MachineInMemory } from './machine.ts';

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
  | 'check-fails'
  /** What is measured of it is past every bound. */
  | 'leaks';

/** A task or the command of a check, until it is forgotten. */
interface Command {
  revision: Revision;
  /** Looks until it ends; null when it has ended. */
  looksLeft: number | null;
  code: number;
  /** It was forgotten while it ran, and takes its time to end. */
  ending: boolean;
}

interface Copy {
  id: string;
  revision: Revision;
  process: string;
  role: ProcessRole;
  port: number | null;
  ageTicks: number;
  restarts: number;
  stopping: boolean;
  /** What somebody did to it; it has ended then. */
  byHand: string | null;
}

/** Machines in memory, which refuse older fences, and a note of every broken promise. */
export class World {
  readonly broken: string[] = [];
  readonly commandRuns = new Map<string, number>();
  /** By id; those of all machines. */
  readonly copies = new Map<string, Copy>();
  private readonly machines = new Map<string, MachineInMemory>();
  private readonly commands = new Map<string, Command>();
  /** How many looks a task runs; commands of checks end at once. */
  taskLooks = 0;
  /** Revisions whose rollouts a person has aborted: their tasks may be ended in the middle. */
  readonly aborted = new Set<string>();
  private nextPort = 20_000;
  /** The only machine on which releases misbehave; null: on all. */
  illOn: string | null = null;
  /** Revisions whose files are gone: their copies cannot be started any more. */
  readonly damaged = new Set<string>();
  /** Revisions that have served with all copies ready, and may be returned to whatever their state. */
  readonly proven = new Set<string>();
  /** Revisions that have had traffic somewhere. */
  private readonly shifted = new Set<string>();
  /** Revisions that must keep standing: the stable one, and one inside its rollback window. */
  mustStand = new Set<string>();
  /** The revision that serves when no rollout is under way. */
  stable: string | null = null;
  /** The shared service that somebody has asked to be replaced. */
  mayEnd: string | null = null;
  /** Releases whose copies answer no more on what a migration left. */
  readonly brokenData = new Set<string>();
  readonly succeeded = new Map<string, number>();
  readonly flags = new FlagsInMemory();

  /** A machine; it is there as soon as it is asked for. */
  on(name: string): MachineInMemory {
    const known = this.machines.get(name);
    if (known) return known;
    const machine = new MachineInMemory(name, (at, desired) => this.checkRoutes(at, desired));
    machine.target = this.targetOn(machine);
    this.machines.set(name, machine);
    return machine;
  }

  /** All that have ever been asked for. */
  get all(): MachineInMemory[] {
    return [...this.machines.values()];
  }

  get target(): Target {
    return this.on(here).target;
  }

  get routes(): Routes | null {
    return this.on(here).routes;
  }

  weightOf(revision: string, machine = here): number {
    return this.on(machine).weightOf(revision);
  }

  /** Requests that routers have ever taken to a revision. */
  servedBy(revision: string): number {
    return this.all.reduce((sum, { served }) => sum + (served.get(revision) ?? 0), 0);
  }

  private targetOn(machine: MachineInMemory): Target {
    return {
      start: (instance, fence) => machine.fenced(fence, () => this.start(instance)),
      repair: (instance, fence) => machine.fenced(fence, () => this.repair(instance)),
      stop: (id, fence) => machine.fenced(fence, () => this.stop(nameOn(machine.name, id))),
      runCommand: ({ key, revision }, fence) => machine.fenced(fence, () => this.runCommand(key, revision)),
      prepare: ({ id }, fence) =>
        machine.fenced(fence, () => void machine.preparations.set(id, machine.preparations.get(id) ?? 0)),
    };
  }

  private runCommand(key: string, revision: Revision): void {
    if (this.commands.has(key)) return;
    this.commandRuns.set(key, (this.commandRuns.get(key) ?? 0) + 1);
    const isCheck = key.startsWith('check-');
    const code = behaviour(revision) === (isCheck ? 'check-fails' : 'migration-fails') ? 1 : 0;
    const looksLeft = isCheck ? 0 : this.taskLooks;
    this.commands.set(key, { revision, code, looksLeft, ending: false });
    if (looksLeft === 0) this.endCommand(key);
  }

  private endCommand(key: string): void {
    const command = this.commands.get(key);
    if (!command) return;
    command.looksLeft = null;
    if (command.code === 0 && !key.startsWith('check-')) this.noteSuccess(command.revision, key);
  }

  /** Lets go of commands that have been taken into account, as the server does in each of its turns. */
  async forget(state: EnvironmentState, observed: Observed, fence: number): Promise<void> {
    const candidate = state.rollout?.candidate;
    if (!candidate || observed.silent.includes(homeOf(candidate))) return;
    for (const key of commandsToForget(state, observed))
      await this.on(homeOf(candidate)).fenced(fence, () => this.forgetCommand(key));
  }

  private forgetCommand(key: string): void {
    const command = this.commands.get(key);
    if (!command) return;
    if (command.looksLeft === null) return void this.commands.delete(key);
    const { id } = command.revision;
    if (!this.aborted.has(id)) this.broken.push(`${key} is ended while it runs, and nobody aborted ${id}`);
    command.ending = true;
  }

  private passCommands(dice: () => number): void {
    for (const [key, command] of this.commands) {
      if (command.ending && dice() < 0.5) this.commands.delete(key);
      else if (command.looksLeft !== null && !command.ending) {
        command.looksLeft -= 1;
        if (command.looksLeft <= 0) this.endCommand(key);
      }
    }
  }

  observe(state: EnvironmentState): Observed {
    const looked = machinesOf(state).map((name) => this.on(name));
    const silent = looked.filter(({ answers }) => !answers).map(({ name }) => name);
    const answers = (name: string) => !silent.includes(name);
    const candidate = state.rollout?.candidate ?? null;
    const preparing = (candidate?.machines ?? []).filter(answers);
    return {
      instances: [...this.copies.values()]
        .filter(({ id }) => answers(machineOf(id)))
        .map((copy) => this.see(copy)),
      routers: Object.fromEntries(
        looked.map((machine) => [
          machine.name,
          machine.answers && machine.routerUp ? machine.routerState() : null,
        ]),
      ),
      command: this.seeCommand(state, candidate && answers(homeOf(candidate))),
      prepared: Object.fromEntries(
        preparing.map((name) => [name, candidate ? this.prepared(candidate, name) : 'none']),
      ),
      silent,
      taken: null,
      metrics: {},
      probed: null,
      flags: this.flags.see(state),
    };
  }

  private seeCommand(state: EnvironmentState, homeAnswers: boolean | null): CommandObservation {
    const { rollout } = state;
    if (rollout && dueCheck(rollout)?.check.kind === 'request') return this.ask(rollout.candidate);
    const key = currentCommand(state);
    const command = homeAnswers && key !== null ? this.commands.get(key) : undefined;
    if (!command) return { state: 'none' };
    const { looksLeft, code } = command;
    return looksLeft === null ? { state: 'exited', code, logTail: [] } : { state: 'running', logTail: [] };
  }

  private ask(candidate: Revision): CommandObservation {
    if (behaviour(candidate) === 'check-fails') return { state: 'unmet', why: 'HTTP 500', logTail: [] };
    return { state: 'exited', code: 0, logTail: [] };
  }

  private prepared(revision: Revision, machine: string): Preparation {
    const age = this.on(machine).preparations.get(revision.id);
    if (age === undefined) return 'none';
    if (age < 2) return 'going';
    return this.doesOn(machine, revision) === 'cannot-prepare'
      ? { failed: 'no such image', logTail: [] }
      : 'done';
  }

  /** How the copies of a release behave on a machine. */
  doesOn(machine: string, revision: Revision): Behaviour {
    return this.illOn === null || this.illOn === machine ? behaviour(revision) : 'good';
  }

  private does({ id, revision }: Copy): Behaviour {
    return this.doesOn(machineOf(id), revision);
  }

  private noteSuccess(revision: Revision, key: string): void {
    const once = `${revision.release.digest} ${key.slice(0, key.lastIndexOf('-'))}`;
    this.succeeded.set(once, (this.succeeded.get(once) ?? 0) + 1);
    if (behaviour(revision) !== 'breaks-stable') return;
    for (const copy of this.copies.values())
      if (copy.revision.release.digest !== revision.release.digest)
        this.brokenData.add(copy.revision.release.digest);
  }

  /** Somebody stops a copy, and nothing but a repair starts it again. */
  stopByHand(id: string): void {
    const copy = this.copies.get(id);
    if (copy) copy.byHand = 'it was stopped by hand';
  }

  private repair({ id, machine, revision, process }: DesiredInstance): void {
    const copy = this.copies.get(nameOn(machine, id));
    if (process.role !== 'shared') this.broken.push(`${id} of ${revision.id} is repaired in place`);
    if (copy && copy.byHand !== null) Object.assign(copy, { byHand: null, ageTicks: 0 });
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
    for (const machine of this.machines.values())
      machine.pass(dice, (id) => {
        const copy = this.copies.get(nameOn(machine.name, id));
        return copy !== undefined && this.does(copy) === 'errors';
      });
    this.passCommands(dice);
    for (const copy of this.copies.values()) {
      copy.ageTicks += 1;
      if (copy.stopping && dice() < 0.5) this.copies.delete(copy.id);
      const kind = this.does(copy);
      if (copy.role === 'shared') continue;
      if (kind === 'crashes' || (kind === 'crashes-later' && copy.ageTicks > 12 && copy.role === 'web'))
        copy.restarts += 1;
    }
  }

  private start({ id: localId, machine, revision, process }: DesiredInstance): void {
    const id = nameOn(machine, localId);
    if (this.copies.has(id)) return;
    if (this.damaged.has(revision.id) && process.role !== 'shared') throw new Error('its files are gone');
    const others = [...this.copies.values()].filter((copy) => copy.process === process.name);
    for (const copy of others) {
      const alone = process.role === 'worker' && copy.role === 'worker' && !process.overlap;
      if (alone && copy.revision.id !== revision.id && !this.isLeftOut(copy, revision))
        this.broken.push(`${id} starts beside ${copy.id}, which may not overlap`);
      if (process.role === 'web' && copy.role === 'web' && copy.revision.id !== revision.id) {
        const alone = process.alone || copy.revision.processes.some((one) => one.role === 'web' && one.alone);
        if (alone && !this.isLeftOut(copy, revision))
          this.broken.push(`${id} starts while ${copy.id} runs, and only one may`);
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
      byHand: null,
    });
  }

  private checkOrder(id: string, revision: Revision, after: string[]): void {
    for (const name of after) {
      const up = [...this.copies.values()].filter(
        (copy) =>
          copy.process === name &&
          (copy.role === 'shared' || copy.revision.id === revision.id) &&
          this.isReady(copy),
      );
      if (up.length === 0) this.broken.push(`${id} starts before ${name} is up`);
    }
  }

  /** Whoever takes a machine that does not answer out of the list says that it is gone. */
  private isLeftOut({ id }: Copy, { machines }: Revision): boolean {
    return !this.on(machineOf(id)).answers && !machines.includes(machineOf(id));
  }

  private stop(id: string): void {
    const copy = this.copies.get(id);
    if (!copy) return;
    const { revision, role, process } = copy;
    const machine = this.on(machineOf(id));
    if (role === 'web' && machine.weightOf(revision.id) > 0 && machine.isRouted(localId(id)))
      this.broken.push(`${id} is stopped while it has traffic`);
    if (role === 'web' && this.mustStand.has(revision.id))
      this.broken.push(`${id} is stopped while it must stand`);
    if (role === 'shared' && this.mayEnd !== process)
      this.broken.push(`${id} is stopped and nobody asked for it`);
    if (role === 'companion') {
      const asks = [...this.copies.values()].find(
        (other) =>
          other.revision.id === revision.id &&
          machineOf(other.id) === machineOf(id) &&
          other.role === 'web' &&
          !other.stopping,
      );
      if (asks) this.broken.push(`${id} is stopped before ${asks.id}`);
    }
    copy.stopping = true;
  }

  private checkRoutes({ name, routes }: MachineInMemory, desired: Routes): void {
    const copyOf = (instance: string) => this.copies.get(nameOn(name, instance));
    const total = desired.revisions.reduce((sum, { weightPercent }) => sum + weightPercent, 0);
    if (total !== 100 && total !== 0) this.broken.push(`the weights sum to ${total}`);
    for (const { revision } of desired.pins) {
      const pinned = desired.revisions.find(({ id }) => id === revision);
      const copies = pinned?.endpoints.map(({ instance }) => copyOf(instance)) ?? [];
      const known = routes?.pins.some((pin) => pin.revision === revision);
      if (!known && !copies.some((copy) => copy && this.isReady(copy)))
        this.broken.push(`testers are sent to ${revision}, which is not ready`);
    }
    for (const { id, weightPercent, endpoints } of desired.revisions) {
      if (weightPercent === 0) continue;
      const before = routes?.revisions.find((revision) => revision.id === id);
      const routed =
        before && before.weightPercent > 0 ? before.endpoints.map(({ instance }) => instance) : [];
      const added = endpoints.filter(({ instance }) => !routed.includes(instance));
      const copies = added.map(({ instance }) => copyOf(instance));
      if (copies.some((copy) => !copy || copy.stopping))
        this.broken.push(`${id} gets traffic while a copy of it is gone`);
      if (this.proven.has(id)) continue;
      if (copies.some((copy) => copy && !this.isReady(copy)))
        this.broken.push(`${id} gets traffic before it is ready`);
      const first = copyOf(endpoints[0]?.instance ?? '');
      if (first && !this.shifted.has(id)) this.checkAllReady(first.revision, endpoints.length);
      const replicas = first?.revision.processes.find(({ role }) => role === 'web')?.replicas ?? 1;
      const stable = desired.revisions.find((other) => other.id === this.stable);
      // Where the stable revision has no copy left, whoever has one takes all.
      const alone = id === this.stable || !stable || stable.endpoints.length === 0;
      if (!alone && weightPercent > (100 * endpoints.length) / replicas)
        this.broken.push(`${id} gets more traffic than its capacity`);
    }
  }

  /** No machine sends anybody to a release before it is ready on all of its machines. */
  private checkAllReady(revision: Revision, copiesEach: number): void {
    this.shifted.add(revision.id);
    for (const machine of revision.machines) {
      const ready = [...this.copies.values()].filter(
        (copy) =>
          copy.revision.id === revision.id &&
          copy.role === 'web' &&
          machineOf(copy.id) === machine &&
          this.isReady(copy),
      );
      if (ready.length < copiesEach)
        this.broken.push(`${revision.id} gets traffic before it is ready on ${machine}`);
    }
  }

  private see(copy: Copy): InstanceObservation {
    const ill = asksForData(copy) && this.brokenData.has(copy.revision.release.digest);
    const probe = ill
      ? { failed: 'HTTP 500: no such column' }
      : this.isReady(copy)
        ? 'ready'
        : { failed: 'HTTP 503' };
    return {
      id: copy.id,
      revision: copy.role === 'shared' ? 'shared' : copy.revision.id,
      process: copy.process,
      phase: copy.stopping ? 'stopping' : copy.byHand === null ? 'running' : 'exited',
      host: '127.0.0.1',
      port: copy.port,
      drift: copy.byHand,
      restarts: copy.restarts,
      exitCode: null,
      probe: copy.role === 'worker' ? 'not-probed' : probe,
      logTail: [],
    };
  }

  private isReady(copy: Copy): boolean {
    const { shared } = copy.revision;
    const broken = shared.some(
      ({ name, fingerprint }) => name === copy.process && fingerprint.startsWith('broken'),
    );
    const never = copy.role === 'shared' ? broken : this.does(copy) === 'never-ready';
    return !never && copy.ageTicks >= 2 && !copy.stopping && copy.byHand === null;
  }
}

/** Where web copies have companions, these talk to the database, and nobody else. */
function asksForData({ role, revision }: Copy): boolean {
  const hasCompanions = revision.processes.some((process) => process.role === 'companion');
  return role === (hasCompanions ? 'companion' : 'web');
}

/** What the release's digest says about its behaviour. */
export function behaviour(revision: Pick<Revision, 'release'>): Behaviour {
  return revision.release.digest.split(':')[1] as Behaviour;
}
