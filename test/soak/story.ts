import type { RolloutView } from '../../src/wiring/index.ts';
import type { Dice } from '../chaos/dice.ts';
import { deal, deckSize, type Turn } from './deck.ts';
import { describeFailures } from './failures.ts';
import type { Report } from './load/report.ts';
import type { Behaviour, Version } from './repository.ts';
import { until, type Stage } from './stage.ts';
import type { Users } from './users.ts';

/** Longer than everything that is under way, so that a drain that is exact never ends by its time. */
const drainTimeout = '10m';
/** Of the version whose last connections are ended. */
const shortDrain = '2s';
const stayers = 3;

/** Versions are rolled out, one after the other, while users go on; each must end as it should, and no user may notice. */
export class Story {
  /** How often each kind of turn was played, and how long all of them took. */
  readonly turns: Record<string, { times: number; seconds: number }> = {};
  readonly #stage: Stage;
  readonly #users: Users;
  readonly #dice: Dice;
  readonly #limitMs: number;
  readonly #longMs: number;
  #serial = 0;

  /**
   * @param parts.limitMs - Longest wait for anything.
   * @param parts.longMs - How long a download and a chat are that begin once in each deck of turns.
   */
  constructor(parts: { stage: Stage; users: Users; dice: Dice; limitMs: number; longMs: number }) {
    this.#stage = parts.stage;
    this.#users = parts.users;
    this.#dice = parts.dice;
    this.#limitMs = parts.limitMs;
    this.#longMs = parts.longMs;
  }

  /** The first version comes up, and users begin. */
  async begin(): Promise<void> {
    await this.#expect('succeeded', await this.#ship({ by: 'blue-green' }));
    await this.#users.say({ say: 'begin' });
  }

  async play(turns: number): Promise<void> {
    let longAt = -1;
    for (const [at, turn] of deal(turns, this.#dice).entries()) {
      if (at % deckSize === 0) longAt = at + this.#dice.below(Math.min(deckSize, turns - at));
      if (at === longAt) await this.#users.say({ say: 'long', ms: this.#longMs });
      await this.#play(turn, at);
    }
  }

  /** WebSockets that nobody ends outlast a short drain: the app is ended, says goodbye, and nothing is lost. */
  async endDrain(): Promise<Report> {
    await this.#users.say({ say: 'turn', name: 'the end of a drain', canary: false });
    await this.#users.say({ say: 'quiet' });
    await this.#expect('succeeded', await this.#ship({ by: 'blue-green', drainTimeout: shortDrain }));
    await this.#users.say({ say: 'stay', count: stayers });
    await this.#chatsOpen((open) => open === stayers);
    await this.#expect('succeeded', await this.#ship({ by: 'blue-green', rollbackWindow: '0s' }));
    await this.#chatsOpen((open) => open === 0);
    return this.#look();
  }

  async #play(turn: Turn, at: number): Promise<void> {
    const kind = Object.values(turn).join(' ');
    const began = performance.now();
    const canary = turn.do === 'abort' || (turn.do === 'ship' && turn.by === 'canary');
    await this.#users.say({ say: 'turn', name: `turn ${at + 1}: ${kind}`, canary });
    switch (turn.do) {
      case 'ship':
        await this.#expect(turn.behaves === 'good' ? 'succeeded' : 'failed', await this.#ship(turn));
        break;
      case 'abort':
        await this.#expect('aborted', await this.#shipAndAbort());
        break;
      case 'go back':
        await this.#expect('succeeded', await this.#goBack());
        break;
    }
    const { times, seconds } = this.turns[kind] ?? { times: 0, seconds: 0 };
    this.turns[kind] = {
      times: times + 1,
      seconds: Math.round(seconds + (performance.now() - began) / 1_000),
    };
    await this.#look();
  }

  async #ship(how: Parameters<Story['version']>[0]): Promise<RolloutView> {
    const { ship } = await this.#stage.ship(this.version(how));
    return this.#stage.shipEnds(ship);
  }

  async #shipAndAbort(): Promise<RolloutView> {
    const { ship } = await this.#stage.ship(this.version({ by: 'canary', hold: '10m' }));
    await until(this.#limitMs, async () => {
      const { rollouts } = await this.#stage.client.getShip(ship);
      return (rollouts[0]?.weightPercent ?? 0) > 0 || null;
    });
    await this.#stage.abort();
    return this.#stage.shipEnds(ship);
  }

  async #goBack(): Promise<RolloutView> {
    const { environments } = await this.#stage.client.status();
    // Nothing stands by before the second version.
    const standby = environments[0]?.standby;
    return standby ? this.#stage.goBack(standby.revision) : this.#ship({ by: 'blue-green' });
  }

  /** The next version. */
  version({
    by,
    behaves = 'good',
    hold = '500ms',
    ...more
  }: {
    by: 'rolling' | 'blue-green' | 'canary';
    behaves?: Behaviour;
    hold?: string;
  } & Partial<Version>): Version {
    // What is seen to be bad only with users must have the time to be seen.
    const isSeenLate = behaves === 'sick-with-users' || behaves === 'fails-users';
    const first = `{ weight: ${this.#dice.pick([10, 30, 50])}%, hold: ${isSeenLate ? '10m' : hold} }`;
    const judge = 'judge: { error-rate: "< 5%", min-requests: 20 }';
    const canary = `{ canary: { steps: [${first}, 100%], testers: { header: "x-canary: yes" }, ${judge} } }`;
    return {
      name: `v${++this.#serial}-${by}-${behaves}`,
      behaves,
      strategy: by === 'canary' ? canary : by,
      bake: isSeenLate ? '5m' : '200ms',
      drainTimeout,
      rollbackWindow: '1h',
      ...more,
    };
  }

  async #expect(state: RolloutView['state'], rollout: RolloutView): Promise<void> {
    if (rollout.state === state) return;
    await this.#look();
    const { title, detail, logTail } = rollout;
    throw new Error(
      [`${title} should be ${state}, and is ${rollout.state}: ${detail}`, ...logTail].join('\n'),
    );
  }

  async #chatsOpen(holds: (open: number) => boolean): Promise<void> {
    await until(this.#limitMs, async () => {
      const { chats } = await this.#look();
      return holds(chats.open) || null;
    });
  }

  /** Stops at the first request that failed, while what led to it is still there. */
  async #look(): Promise<Report> {
    const report = await this.#users.say({ say: 'report' });
    if (report.failed > 0) throw new Error(await describeFailures(report, this.#stage));
    return report;
  }
}
