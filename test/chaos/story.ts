import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { ServerRefusal } from '../../src/server/index.ts';
import {
  isRunning,
  persist,
  processesOf,
  signal,
  until,
  type Behaviour,
  type Rig,
  type Users,
} from '../rig/index.ts';
import type { Dice } from './dice.ts';
import { checkPromises } from './promises.ts';

/** What people do in one turn of the story. */
type Wish = 'ship good' | 'ship bad' | 'ship and abort' | 'ship twice' | 'roll back';

const wishes: Wish[] = [
  'ship good',
  'ship good',
  'ship good',
  'ship bad',
  'ship bad',
  'ship bad',
  'ship and abort',
  'ship and abort',
  'ship twice',
  'roll back',
  'roll back',
];
const badOnes: Behaviour[] = [
  'never-ready',
  'crashes',
  'migration-fails',
  'sick-with-users',
  'worker-crashes',
];

interface StoryOptions {
  rig: Rig;
  users: Users;
  dice: Dice;
  mostKills: number;
  /** At most so many in one rollout. */
  killsATurn?: number;
}

/** People ship, abort and go back while somebody kills the server and its supervisor; after each turn all must be well. */
export class Story {
  serverKills = 0;
  supervisorKills = 0;
  readonly outcomes: Record<string, number> = {};
  private readonly rig: Rig;
  private readonly users: Users;
  private readonly dice: Dice;
  private readonly mostKills: number;
  private readonly killsATurn: number;
  private serial = 1;

  constructor({ rig, users, dice, mostKills, killsATurn = 3 }: StoryOptions) {
    this.rig = rig;
    this.users = users;
    this.dice = dice;
    this.mostKills = mostKills;
    this.killsATurn = killsATurn;
  }

  /** One wish, some kills in the middle of it, and the promises checked at rest. */
  async turn(): Promise<void> {
    const { standby } = await this.rig.environment();
    const wish = this.dice.pick(wishes);
    if (wish === 'roll back' && standby) await this.rollBack(standby.commit);
    else await this.ship(wish);
    await checkPromises(this.rig, this.users);
  }

  private async ship(wish: Wish): Promise<void> {
    const behaves = wish === 'ship bad' ? this.dice.pick(badOnes) : 'good';
    const before = await this.rig.environment();
    if (wish === 'ship twice') await this.shipOne('good');
    const { ship, commit } = await this.shipOne(behaves);
    await Promise.all([
      this.killSome(() => this.hasRollout()),
      ...(wish === 'ship and abort' ? [this.abortSoon()] : []),
    ]);
    await until(
      `ship ${ship} has ended`,
      async () => (await persist(() => this.rig.client.getShip(ship))).state !== 'running',
      () => this.rig.client.getShip(ship),
    );
    const [last] = (await persist(() => this.rig.client.ships({ limit: 1 }))).flatMap(
      ({ rollouts }) => rollouts,
    );
    const { serving } = await this.rig.rest();
    this.note(wish, last?.state ?? 'without a rollout');
    if (wish === 'ship and abort') return;
    expect(last, JSON.stringify(last)).toMatchObject({ state: behaves === 'good' ? 'succeeded' : 'failed' });
    expect(serving?.commit).toBe(behaves === 'good' ? commit : before.serving?.commit);
  }

  private shipOne(behaves: Behaviour): Promise<{ ship: string; commit: string }> {
    const strategy = this.dice.pick(['rolling', 'blue-green', 'canary'] as const);
    return this.rig.ship(`v${++this.serial}-${behaves}`, { behaves, strategy });
  }

  private async rollBack(commit: string): Promise<void> {
    const asked = persist(() => this.rig.rollback(commit)).catch((error: unknown) => {
      // The answer to the first call was lost with its server, and the second found it under way or done.
      if (!(error instanceof ServerRefusal)) throw error;
    });
    await Promise.all([asked, this.killSome(() => Promise.resolve(true))]);
    await until(
      `${commit} serves again`,
      async () => (await this.rig.rest()).serving?.commit === commit,
      () => this.rig.client.status(),
    );
    this.note('roll back', 'succeeded');
  }

  private async abortSoon(): Promise<void> {
    await until('there is a rollout to abort', () => this.hasRollout());
    await sleep(this.dice.below(2_500));
    await persist(() => this.rig.client.abort({ app: 'rig', environment: 'production', actor: 'ana' }));
  }

  private async hasRollout(): Promise<boolean> {
    const { environments, ships } = await persist(() => this.rig.client.status());
    return ships.length === 0 || environments.some(({ rollout }) => rollout !== null);
  }

  /** Kills once or a few times: mostly in the rollout, sometimes before it, or a server that only just starts. */
  private async killSome(inRollout: () => Promise<boolean>): Promise<void> {
    if (this.dice.chance(0.75)) await until('the rollout begins', inRollout);
    const times = 1 + this.dice.below(this.killsATurn);
    for (let time = 0; time < times && this.serverKills < this.mostKills; time++) {
      await sleep(this.dice.below(1_500));
      if (this.dice.chance(0.25)) await this.killSupervisor();
      await this.killServer();
      if (this.dice.chance(0.2)) await this.killNewServer();
      await this.rig.startServer();
    }
  }

  private async killServer(): Promise<void> {
    for (const { pid, command } of processesOf(this.rig.home)) {
      if (!command.includes('server/main.ts')) continue;
      signal(pid, 'SIGKILL');
      this.serverKills += 1;
      await until('the server is gone', () => !isRunning(pid));
    }
  }

  private async killNewServer(): Promise<void> {
    const starting = this.rig.startServer().catch(() => null);
    await sleep(50 + this.dice.below(700));
    await this.killServer();
    await starting;
  }

  private async killSupervisor(): Promise<void> {
    for (const { pid, command } of processesOf(this.rig.home)) {
      if (!command.includes('supervisor/main.ts')) continue;
      signal(pid, 'SIGKILL');
      this.supervisorKills += 1;
    }
  }

  private note(wish: Wish, outcome: string): void {
    const key = `${wish}: ${outcome}`;
    this.outcomes[key] = (this.outcomes[key] ?? 0) + 1;
  }
}
