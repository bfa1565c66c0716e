import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NewEvent, Signal } from '../flow/index.ts';
import { desiredInstances } from './desired.ts';
import { currentCommand } from './effects.ts';
import { emptyEnvironment, type EnvironmentState } from './environment.ts';
import { performEffects } from './perform.ts';
import { planEnvironment, type Decision } from './plan.ts';
import { desiredRoutes } from './routes.ts';
import type { Observed } from './observed.ts';
import { aRequest } from './testing/builders.ts';
import { World, type Behaviour } from './testing/world.ts';
import { noteTroubles, type FailedEffect } from './trouble.ts';

/*
 * Random histories of one environment: ticks that crash after any effect or before their commit, owners that freeze with
 * a decision in hand and wake up after another has taken over, a router that goes away, a clock that jumps, people who
 * deploy, abort and roll back at any moment. The world refuses stale fences, and notes every promise that is broken.
 */

type Move =
  | { kind: 'tick'; crashAfterEffects: number | null; loseCommit: boolean }
  | { kind: 'freeze' }
  | { kind: 'thaw' }
  | { kind: 'pass'; ms: number }
  | { kind: 'router'; up: boolean }
  | { kind: 'damage' }
  | { kind: 'deploy'; behaves: Behaviour; rolling: boolean; replicas: number }
  | { kind: 'rollback' }
  | { kind: 'abort' };

const tick = fc.record({
  kind: fc.constant('tick' as const),
  crashAfterEffects: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.nat(2) },
  ),
  loseCommit: fc.boolean(),
});
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 20, arbitrary: tick },
  { weight: 1, arbitrary: fc.constant({ kind: 'freeze' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'thaw' as const }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(50, 300, 300, 300, 2_000, 2_000, 3_600_000, -7_200_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('router' as const), up: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      behaves: fc.constantFrom<Behaviour>(
        'good',
        'good',
        'good',
        'never-ready',
        'crashes',
        'migration-fails',
        'crashes-later',
      ),
      rolling: fc.boolean(),
      replicas: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'damage' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'rollback' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'abort' as const }) },
);

class History {
  readonly world = new World();
  state: EnvironmentState = emptyEnvironment('app/production');
  events: NewEvent[] = [];
  requested: string[] = [];
  private fence = 0;
  private signals: Signal[] = [];
  private serial = 0;
  private nowMs = 1_000_000;
  private frozen: {
    decision: Decision;
    observed: Observed;
    base: EnvironmentState;
    fence: number;
    consumed: Signal[];
  } | null = null;
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
      case 'freeze':
        this.frozen ??= this.decide();
        return;
      case 'thaw': {
        const late = this.frozen;
        this.frozen = null;
        if (late)
          await this.act(late, null).then(
            (failed) => this.commit(late, failed),
            () => {},
          );
        return;
      }
      case 'pass':
        this.nowMs += move.ms;
        this.world.pass(this.dice);
        return;
      case 'router':
        this.world.routerUp = move.up;
        return;
      case 'damage':
        if (this.state.stable) this.world.damage(this.state.stable.id);
        return;
      case 'deploy':
        return this.request(aRequest(++this.serial, move.behaves, move));
      case 'rollback': {
        const standby = this.state.standby?.revision;
        if (!standby) return;
        const request = aRequest(++this.serial, 'good');
        return this.request({
          ...request,
          kind: 'rollback',
          revision: standby,
          settings: { ...request.settings, bakeMs: 0 },
        });
      }
      case 'abort':
        this.send('abort', { rolloutId: null, by: 'ana' });
    }
  }

  /** No more faults and no more people: everything must come to rest. */
  async rest(): Promise<void> {
    this.world.routerUp = true;
    for (let i = 0; i < 400 && !this.atRest(); i++) {
      await this.tick(null, false);
      this.nowMs += 300;
      this.world.pass(this.dice);
    }
  }

  private atRest(): boolean {
    const { rollout, queue, retiring } = this.state;
    const { decision } = this.decide();
    if ([...this.world.copies.values()].some(({ stopping }) => stopping)) return false;
    const due = decision.effects.filter(
      (effect) => effect.do !== 'start' || !this.world.damaged.has(effect.instance.revision.id),
    );
    return !rollout && queue.length + retiring.length + this.signals.length + due.length === 0;
  }

  private request(request: ReturnType<typeof aRequest>): void {
    this.requested.push(request.rolloutId);
    this.send('rollout', request);
  }

  private send(name: string, payload: unknown): void {
    this.signals.push({
      id: this.signals.length + 1 + this.serial * 1_000,
      flowId: 'e',
      name,
      payload: structuredClone(payload) as never,
    });
  }

  private decide() {
    const fence = ++this.fence;
    const observed = this.world.observe(currentCommand(this.state));
    const consumed = [...this.signals];
    const decision = planEnvironment({ state: this.state, signals: consumed, observed, nowMs: this.nowMs });
    return { decision, observed, base: this.state, fence, consumed };
  }

  private async tick(crashAfterEffects: number | null, loseCommit: boolean): Promise<void> {
    const turn = this.decide();
    const failed = await this.act(turn, crashAfterEffects).catch(() => null);
    if (failed && (crashAfterEffects === null || !loseCommit)) this.commit(turn, failed);
  }

  private act(
    { decision, observed, base, fence }: ReturnType<History['decide']>,
    crashAfter: number | null,
  ): Promise<FailedEffect[]> {
    const { router, target } = this.world;
    const effects = crashAfter === null ? decision.effects : decision.effects.slice(0, crashAfter);
    return performEffects(effects, {
      ports: { router, target },
      routes: desiredRoutes(base, observed),
      fence,
    });
  }

  private commit({ decision, fence, consumed }: ReturnType<History['decide']>, failed: FailedEffect[]): void {
    if (fence !== this.fence) return;
    const state = noteTroubles(decision.state, failed, this.nowMs);
    this.state = JSON.parse(JSON.stringify(state)) as EnvironmentState;
    this.signals = this.signals.filter((signal) => !consumed.includes(signal));
    this.events.push(...decision.events);
    this.checkSuccess(decision);
    if (this.state.stable) this.world.proven.add(this.state.stable.id);
    const { standby } = this.state;
    this.world.mustStand =
      standby && standby.window.elapsedMs < standby.windowMs ? standby.revision.id : null;
  }

  /** Success may only be said of a revision that the router really sends everything to. */
  private checkSuccess({ events, state }: Decision): void {
    const { world } = this;
    if (!events.some(({ type }) => type === 'rollout.succeeded') || !state.stable) return;
    if (world.weightOf(state.stable.id) !== 100)
      world.broken.push(`${state.stable.id} succeeded without its traffic`);
  }
}

async function playAll(moves: Move[], seed: number): Promise<History> {
  const history = new History(seed);
  for (const move of moves) await history.play(move);
  await history.rest();
  return history;
}

function outcomes({ events }: History): string[] {
  const ended = ['rollout.succeeded', 'rollout.failed', 'rollout.aborted', 'rollout.superseded'];
  return events
    .filter(({ type }) => ended.includes(type))
    .map(({ data }) => (data as { rollout: string }).rollout);
}

const runs = Number(process.env['SLIPWAY_CHAOS_RUNS'] ?? 1_000);

test(
  `no crash, freeze, jump or order of wishes breaks a promise (${runs} histories)`,
  { timeout: 1_800_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 40, maxLength: 250, size: 'max' }),
        fc.nat(),
        async (moves, seed) => {
          const history = await playAll(moves, seed);
          const { world, state } = history;
          expect(world.broken).toEqual([]);
          expect(state.rollout).toBeNull();
          expect(outcomes(history).toSorted()).toEqual(history.requested.toSorted());
          expect([...world.commandRuns.values()].every((count) => count === 1)).toBe(true);
          expect([...world.copies.keys()].toSorted()).toEqual(
            desiredInstances(state)
              .filter(({ id, revision }) => world.copies.has(id) || !world.damaged.has(revision.id))
              .map(({ id }) => id)
              .toSorted(),
          );
          if (state.stable && !world.damaged.has(state.stable.id)) {
            const serving = world.routes?.revisions.filter(({ weightPercent }) => weightPercent > 0);
            expect(serving).toMatchObject([{ id: state.stable.id, weightPercent: 100 }]);
          }
        },
      ),
      {
        numRuns: runs,
        // In CI the seed is enough; shrinking a long history takes minutes.
        endOnFailure: process.env['CI'] === 'true',
      },
    );
  },
);

test('a version that is never ready, that crashes or whose migration fails never gets traffic', async () => {
  for (const behaves of ['never-ready', 'crashes', 'migration-fails'] as const) {
    const history = new History(7);
    await history.play({ kind: 'deploy', behaves: 'good', rolling: false, replicas: 2 });
    await history.rest();
    await history.play({ kind: 'deploy', behaves, rolling: true, replicas: 2 });
    await history.rest();
    expect(history.state.stable?.id).toBe('r1');
    expect(history.world.proven).toEqual(new Set(['r1']));
    expect(history.events.map(({ type }) => type)).toContain('rollout.failed');
  }
});

test('going back to a revision that stands starts nothing and runs no command', async () => {
  const history = new History(3);
  await history.play({ kind: 'deploy', behaves: 'good', rolling: false, replicas: 1 });
  await history.rest();
  await history.play({ kind: 'deploy', behaves: 'good', rolling: false, replicas: 1 });
  for (let i = 0; i < 100; i++) {
    await history.play({ kind: 'tick', crashAfterEffects: null, loseCommit: false });
    await history.play({ kind: 'pass', ms: 50 });
  }
  await history.play({ kind: 'rollback' });
  const started: string[] = [];
  const start = history.world.target.start.bind(history.world.target);
  history.world.target.start = (instance, fence) => {
    if (instance.process.role === 'web') started.push(instance.id);
    return start(instance, fence);
  };
  await history.rest();
  expect(started).toEqual([]);
  expect(history.state.stable?.id).toBe('r1');
  expect([...history.world.commandRuns.values()]).toEqual([1, 1]);
});

test('an owner that froze before it moved traffic cannot move it once its successor has taken the rollout back', async () => {
  const history = new History(5);
  const step = async () => {
    await history.play({ kind: 'tick', crashAfterEffects: null, loseCommit: false });
    await history.play({ kind: 'pass', ms: 300 });
  };
  await history.play({ kind: 'deploy', behaves: 'good', rolling: false, replicas: 1 });
  await history.rest();
  await history.play({ kind: 'deploy', behaves: 'good', rolling: false, replicas: 1 });
  const aboutToShift = () => {
    const phase = history.state.rollout?.phase;
    return phase?.at === 'stepping' && phase.stage === 'shifting';
  };
  for (let i = 0; i < 50 && !aboutToShift(); i++) await step();
  expect(aboutToShift()).toBe(true);
  await history.play({ kind: 'freeze' });
  await history.play({ kind: 'abort' });
  for (let i = 0; i < 50 && history.state.rollout; i++) await step();
  await history.play({ kind: 'thaw' });
  expect(history.world.routes?.revisions).toMatchObject([{ id: 'r1', weightPercent: 100 }]);
});

test('a rollback to a revision that cannot be started any more fails, and the one that serves goes on', async () => {
  const history = new History(11);
  const live = async () => {
    await history.play({ kind: 'deploy', behaves: 'good', rolling: false, replicas: 1 });
    for (let i = 0; i < 60; i++) {
      await history.play({ kind: 'tick', crashAfterEffects: null, loseCommit: false });
      await history.play({ kind: 'pass', ms: 300 });
    }
  };
  await live();
  await live();
  expect(history.state.standby?.revision.id).toBe('r1');
  history.world.damage('r1');
  await history.play({ kind: 'rollback' });
  await history.rest();
  expect(history.state.rollout).toBeNull();
  expect(history.world.routes?.revisions.find(({ weightPercent }) => weightPercent === 100)?.id).toBe('r2');
  expect(history.events.at(-1)).toMatchObject({ type: 'rollout.failed' });
});
