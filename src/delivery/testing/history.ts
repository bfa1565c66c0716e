import type { Json, NewEvent, Signal } from '../../flow/index.ts';
import { desiredInstances } from '../desired.ts';
import { emptyEnvironment, type EnvironmentState, type RolloutRequest } from '../environment.ts';
import { here } from '../machines.ts';
import type { Observed } from '../observed.ts';
import { performEffects } from '../perform.ts';
import { planEnvironment, type Decision } from '../plan.ts';
import { desiredRoutes } from '../routes.ts';
import { noteTroubles, type FailedEffect } from '../trouble.ts';
import { upgradeState } from '../upgrade.ts';
import { unfairSums, unfairVerdicts } from './fair.ts';
import { MeasuringInMemory } from './measuring.ts';
import { aRequest, type Wishes } from './builders.ts';
import { World, type Behaviour } from './world.ts';

/** Something that happens to an environment, or to the server that looks after it. */
export type Move =
  | { kind: 'tick'; crashAfterEffects: number | null; loseCommit: boolean }
  /** Many looks in a row, some of which crash after an effect or before their commit. */
  | { kind: 'go-on'; looks: number; crashes: boolean }
  | { kind: 'freeze' }
  | { kind: 'thaw' }
  | { kind: 'pass'; ms: number }
  | { kind: 'router'; up: boolean }
  /** A router answers and does not do what it is told, or does again. */
  | { kind: 'router-refuses'; name: string; refuses: boolean }
  /** A machine is cut off from the server, or seen again. */
  | { kind: 'machine'; name: string; answers: boolean }
  | { kind: 'router-restart'; lost: boolean }
  | { kind: 'damage' }
  | { kind: 'deploy'; behaves: Behaviour; wishes: Wishes }
  | { kind: 'rollback'; force: boolean }
  | { kind: 'abort' }
  | { kind: 'say'; verb: string; by: string; full: boolean }
  | { kind: 'repair' }
  | { kind: 'stop-shared' }
  | { kind: 'apply-shared' }
  /** Somebody changes a flag, or removes it. */
  | { kind: 'flag'; flag: string; to: string | null };

interface Turn {
  decision: Decision;
  observed: Observed;
  base: EnvironmentState;
  fence: number;
  consumed: Signal[];
}

/** A server may need this many looks until all is at rest. */
const longestRest = 1_500;

/** One environment beside a world in memory, under a server that may crash or freeze at any moment. */
export class History {
  readonly world = new World();
  private readonly measuring = new MeasuringInMemory(this.world);
  state: EnvironmentState = emptyEnvironment('app/production');
  events: NewEvent[] = [];
  private fence = 0;
  private signals: Signal[] = [];
  private serial = 0;
  private nowMs = 1_000_000;
  private frozen: Turn | null = null;
  /** As they were when the rollout under way began, or the last one ended. */
  private flagsBefore = new Map<string, Json>();
  private readonly dice: () => number;

  constructor(seed: number) {
    let value = seed >>> 0;
    this.dice = () => {
      value = (value * 1_664_525 + 1_013_904_223) >>> 0;
      return value / 2 ** 32;
    };
  }

  async play(move: Move): Promise<void> {
    switch (move.kind) {
      case 'tick':
        return this.tick(move.crashAfterEffects, move.loseCommit);
      case 'go-on':
        for (let i = 0; i < move.looks; i++) await this.look(move.crashes);
        return;
      case 'freeze':
        this.frozen ??= this.decide();
        return;
      case 'thaw':
        return this.thaw();
      case 'pass':
        this.nowMs += move.ms;
        this.world.pass(this.dice);
        this.measuring.pass(this.dice);
        return;
      case 'router':
        this.world.on(here).routerUp = move.up;
        return;
      case 'router-refuses':
        this.world.on(move.name).refuses = move.refuses;
        return;
      case 'machine':
        this.world.on(move.name).answers = move.answers;
        return;
      case 'router-restart':
        this.world.on(here).restartRouter(move.lost);
        return;
      case 'damage':
        if (this.state.stable) this.world.damage(this.state.stable.id);
        return;
      case 'deploy':
        this.send('rollout', aRequest(++this.serial, move.behaves, move.wishes));
        return;
      case 'rollback':
        return this.rollback(move.force);
      case 'repair':
        this.send('repair', { rolloutId: `ro-${++this.serial}`, by: 'ana' });
        return;
      case 'stop-shared':
        return this.world.stopByHand('shared-db-1');
      case 'apply-shared':
        this.send('apply-shared', { service: 'db', by: 'ana' });
        return;
      case 'flag':
        return this.world.flags.change(move.flag, move.to);
      case 'say':
        this.send(move.verb, { rolloutId: null, by: move.by, full: move.full });
        return;
      case 'abort':
        this.send('abort', { rolloutId: null, by: 'ana' });
    }
  }

  /** Looks, and lets a moment pass. */
  async step(ms = 300): Promise<void> {
    await this.tick(null, false);
    await this.play({ kind: 'pass', ms });
  }

  /** Where the rollout stands, or what else is under way. */
  get moment(): string {
    const { rollout, replacing } = this.state;
    if (replacing) return `replacing ${replacing.undoing ? 'undoing' : replacing.stage}`;
    if (!rollout) return 'rest';
    const { index, stage } = { index: 0, stage: '', ...rollout.phase };
    return `${rollout.phase.at} ${stage} ${index}${rollout.paused ? ' paused' : ''}`.replaceAll('  ', ' ');
  }

  /** How many effects the next tick has. */
  get effectsDue(): number {
    return this.decide().decision.effects.length;
  }

  /** No more faults, and people who say yes: everything must come to rest. */
  async rest(): Promise<void> {
    for (const machine of this.world.all) {
      machine.routerUp = machine.answers = true;
      machine.refuses = false;
    }
    for (let i = 0; i < longestRest && !this.atRest(); i++) {
      if (this.state.rollout) {
        this.send('resume', { rolloutId: null, by: 'lena' });
        this.send('approve', { rolloutId: null, by: 'lena' });
      }
      await this.step();
    }
  }

  private async look(mayCrash: boolean): Promise<void> {
    const crashes = mayCrash && this.dice() < 0.2;
    await this.tick(crashes ? Math.floor(this.dice() * 3) : null, this.dice() < 0.5);
    await this.play({ kind: 'pass', ms: 300 });
  }

  private async thaw(): Promise<void> {
    const late = this.frozen;
    this.frozen = null;
    if (!late) return;
    await this.act(late, null).then(
      (failed) => this.commit(late, failed),
      () => {},
    );
  }

  private rollback(force: boolean): void {
    const revision = this.state.standby?.revision ?? this.state.past[0];
    if (!revision) return;
    const request: RolloutRequest = { ...aRequest(++this.serial, 'good'), kind: 'rollback', revision, force };
    this.send('rollout', { ...request, settings: { ...request.settings, bakeMs: 0 } });
  }

  private atRest(): boolean {
    const { rollout, queue, retiring, replacing } = this.state;
    if (rollout || replacing || queue.length + retiring.length + this.signals.length > 0) return false;
    if ([...this.world.copies.values()].some(({ stopping }) => stopping)) return false;
    return this.decide().decision.effects.every(
      (effect) => effect.do === 'start' && this.world.damaged.has(effect.instance.revision.id),
    );
  }

  private send(name: string, payload: unknown): void {
    this.signals.push({
      id: this.signals.length + 1 + this.serial * 1_000,
      flowId: 'e',
      name,
      payload: structuredClone(payload) as never,
    });
  }

  private decide(): Turn {
    const fence = ++this.fence;
    this.world.flags.claim = fence;
    const state = upgradeState(this.state);
    const seen = this.world.observe(state);
    const observed = { ...seen, ...this.measuring.look(state, seen) };
    const consumed = [...this.signals];
    const decision = planEnvironment({ state, signals: consumed, observed, nowMs: this.nowMs });
    return { decision, observed, base: state, fence, consumed };
  }

  private async tick(crashAfterEffects: number | null, loseCommit: boolean): Promise<void> {
    const turn = this.decide();
    const failed = await this.act(turn, crashAfterEffects).catch(() => null);
    if (crashAfterEffects !== null) this.measuring.restart();
    if (failed && (crashAfterEffects === null || !loseCommit)) this.commit(turn, failed);
  }

  private async act(
    { decision, observed, base, fence }: Turn,
    crashAfter: number | null,
  ): Promise<FailedEffect[]> {
    const effects = crashAfter === null ? decision.effects : decision.effects.slice(0, crashAfter);
    const failed = await performEffects(effects, {
      portsOf: (machine) => this.world.on(machine),
      routesOf: (machine) => desiredRoutes(base, observed, machine),
      flags: this.world.flags,
      fence,
    });
    if (crashAfter === null) await this.world.forget(base, observed, fence);
    return failed;
  }

  private commit(turn: Turn, failed: FailedEffect[]): void {
    const { decision, base, fence, consumed } = turn;
    if (fence !== this.fence) return;
    if (base.rollout && consumed.some(({ name }) => name === 'abort'))
      this.world.aborted.add(base.rollout.candidate.id);
    const state = noteTroubles(decision.state, failed, this.nowMs);
    // Where nothing has moved only times and counts are new: to write those each time takes as long as all the rest.
    const hasMoved = decision.wakeInMs === 0 || decision.events.length > 0;
    this.state = hasMoved ? (JSON.parse(JSON.stringify(state)) as EnvironmentState) : state;
    this.signals = this.signals.filter((signal) => !consumed.includes(signal));
    this.events.push(...decision.events);
    this.checkSuccess(decision);
    this.checkEnd(turn);
    this.checkFairness(turn);
    this.checkFlags(turn);
    if (this.state.stable) this.world.proven.add(this.state.stable.id);
    this.world.stable = this.state.stable?.id ?? null;
    this.world.mayEnd = this.state.replacing?.service ?? null;
    this.world.mustStand = this.standing();
  }

  /** What may not be stopped: the stable revision, unless its rollout has no room; the one before it in its window. */
  private standing(): Set<string> {
    const { standby, stable, rollout } = this.state;
    const must = new Set<string>();
    if (stable && !rollout?.steps.some(({ taken }) => taken > 0)) must.add(stable.id);
    if (standby && standby.window.elapsedMs < standby.windowMs) must.add(standby.revision.id);
    return must;
  }

  /** Success may only be said of a revision that the router really sends everything to. */
  private checkSuccess({ events, state }: Decision): void {
    const { world } = this;
    const done = events.some(({ type, data }) => {
      const { revision, reason } = data as { revision?: string; reason?: string };
      return (
        type === 'rollout.succeeded' &&
        revision === state.stable?.id &&
        reason !== 'this release already runs here'
      );
    });
    for (const machine of (done && state.stable?.machines) || [])
      if (state.stable && world.on(machine).answers && world.weightOf(state.stable.id, machine) !== 100)
        world.broken.push(`${state.stable.id} succeeded without its traffic on ${machine}`);
  }

  /** A look judges on what really was, each part of it once. */
  private checkFairness({ base, decision }: Turn): void {
    const rollout = base.rollout ?? decision.state.rollout;
    if (!rollout) return;
    const truth = { world: this.world, sent: this.measuring.sentFor(rollout.id) };
    this.world.broken.push(
      ...unfairSums(base.rollout, decision.state.rollout, truth),
      ...unfairVerdicts(base.rollout, decision.events, truth),
    );
  }

  /** When a rollout is over, its flags are as its last steps wanted them, or as they were before it. */
  private checkFlags({ base, decision: { state } }: Turn): void {
    const { flags, broken } = this.world;
    if (state.rollout?.id === base.rollout?.id) return;
    if (base.rollout) {
      const { id, candidate, steps, phase } = base.rollout;
      const done = state.stable?.id === candidate.id && phase.at !== 'reverting';
      const turned = new Map(steps.flatMap((step) => Object.entries(step.flags ?? {})));
      for (const [flag, before] of this.flagsBefore) {
        const now = flags.flags.get(flag);
        const wanted = done ? (turned.get(flag) ?? before) : before;
        if (now !== wanted && !flags.touched.has(flag))
          broken.push(`${id} ended, and ${flag} is ${JSON.stringify(now)}`);
      }
    }
    this.flagsBefore = new Map(flags.flags);
    flags.touched.clear();
  }

  /** Flags that were changed while no rollout was under way, and by nobody. */
  get strayFlags(): string[] {
    const { flags, touched } = this.world.flags;
    return [...this.flagsBefore]
      .filter(([flag, before]) => flags.get(flag) !== before && !touched.has(flag))
      .map(([flag]) => flag);
  }

  /** When a rollout is over, no machine that answers sends anybody to a revision that does not serve. */
  private checkEnd({ base, decision, observed }: Turn): void {
    if (!base.rollout || decision.state.rollout) return;
    const stable = decision.state.stable?.id;
    for (const [machine, router] of Object.entries(observed.routers)) {
      const others = router?.revisions.filter(({ id, weightPercent }) => weightPercent > 0 && id !== stable);
      if (others?.length)
        this.world.broken.push(`${base.rollout.id} ended, and ${machine} serves ${others[0]?.id}`);
    }
  }
}

/** Every promise that was broken in the end, in words; empty when all are kept. */
export function brokenPromises(history: History): string[] {
  const { world, state } = history;
  const broken = [...world.broken];
  if (state.rollout) broken.push(`the rollout is still ${history.moment}`);
  else broken.push(...history.strayFlags.map((flag) => `${flag} was turned after the end`));
  const { requested, ended } = requestedAndEnded(history);
  if (ended.join() !== requested.join()) broken.push(`asked for ${requested.join()}, ended ${ended.join()}`);
  for (const [task, times] of world.succeeded) if (times > 1) broken.push(`${task} succeeded ${times} times`);
  for (const [key, times] of world.commandRuns) if (times > 1) broken.push(`${key} ran ${times} times`);
  const wanted = desiredInstances(state)
    .filter(({ id, revision }) => world.copies.has(id) || !world.damaged.has(revision.id))
    .map(({ id }) => id);
  const running = [...world.copies.keys()];
  if (running.toSorted().join() !== wanted.toSorted().join())
    broken.push(`${running.join()} run, wanted are ${wanted.join()}`);
  if (!state.stable || world.damaged.has(state.stable.id)) return broken;
  for (const { name, routes } of world.all) {
    const serving = (routes?.revisions ?? [])
      .filter(({ weightPercent }) => weightPercent > 0)
      .map(({ id, weightPercent }) => `${id}=${weightPercent}%`);
    const wanted = state.stable.machines.includes(name) ? `${state.stable.id}=100%` : '';
    if (serving.join() !== wanted) broken.push(`${name} serves "${serving.join()}", wanted is "${wanted}"`);
  }
  return broken;
}

/** Tasks that are over at the next look, that take a while, and that outlast every deadline. */
const taskLooks = [1, 8, 60];

/** Plays moves to their end, and lets all come to rest. */
export async function playAll(moves: Move[], seed: number, illOn: string | null = null): Promise<History> {
  const history = new History(seed);
  history.world.illOn = illOn;
  history.world.taskLooks = taskLooks[seed % taskLooks.length] ?? 0;
  for (const move of moves) await history.play(move);
  await history.rest();
  return history;
}

/** Ids of all rollouts that were asked for, and of all that were told to have ended. */
export function requestedAndEnded({ events }: History): { requested: string[]; ended: string[] } {
  const ends = ['rollout.succeeded', 'rollout.failed', 'rollout.aborted', 'rollout.superseded'];
  const ids = (types: string[]) =>
    events
      .filter(({ type }) => types.includes(type))
      .map(({ data }) => (data as { rollout: string }).rollout);
  return { requested: ids(['rollout.requested']).toSorted(), ended: ids(ends).toSorted() };
}
