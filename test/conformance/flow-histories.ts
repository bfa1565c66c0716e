import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claim } from '../../src/flow/index.ts';
import { currentOwner, openStore, type Owner, type Store } from '../../src/store/index.ts';
import { deadOwner, FakeClock, type MakePlace, type Place } from './store-world.ts';

/*
 * Random histories of two servers and two flows on one database. A server may hold several claims, commit them as late as
 * it likes (it was frozen), give them back, or crash: its store dies, at any statement where the database lets us pull
 * the plug, and a successor is opened. What a test may believe of a commit is what its server was told: `committed`,
 * `stale`, or nothing (it died before the answer, so either is right, but not half).
 */

const leaseMs = 1_000;
/** Far more than forty histories need; `SLIPWAY_HISTORIES=2000` makes a soak of them. */
const timeoutMs = 3_600_000;
const flowIds = ['f', 'g'];

/** What each flow's data remembers, so that what was lost or done twice shows. */
interface Memory {
  fences: number[];
  signals: number[];
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('usurp' as const), server: fc.nat(1) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('claim' as const), server: fc.nat(1) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      server: fc.nat(1),
      pick: fc.nat(3),
      send: fc.boolean(),
      twice: fc.boolean(),
      again: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('signal' as const), server: fc.nat(1), flow: fc.nat(1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('release' as const), server: fc.nat(1), pick: fc.nat(3) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      server: fc.nat(1),
      ms: fc.integer({ min: -1e7, max: 1e7 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, leaseMs / 2, leaseMs) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      server: fc.nat(1),
      statements: fc.nat(14),
      answered: fc.boolean(),
      provable: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Commit = Omit<Extract<Step, { do: 'commit' }>, 'do' | 'server'>;
/** Steps of a pair run at the same time. */
const history = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.tuple(step) }, { weight: 1, arbitrary: fc.tuple(step, step) }),
  {
    minLength: 5,
    maxLength: 40,
  },
);

/** Kills a store's connection before or after its n-th statement from now; everything after that fails. */
export interface Plug {
  pullAfter(statements: number, answered: boolean): void;
}

/** Opens a store with a plug to pull, where the database has one. */
export type OpenWithPlug = (options: {
  file: string;
  home: string;
  clock: FakeClock;
  owner: Owner;
}) => Promise<{ store: Store; plug: Plug }>;

interface Server {
  store: Store;
  clock: FakeClock;
  plug: Plug | null;
  claims: Claim[];
  generation: number;
}

interface HistoryOptions {
  makePlace: MakePlace;
  runs: number;
  openWithPlug?: OpenWithPlug;
}

class History {
  readonly #home: string;
  readonly #place: Place;
  readonly #openWithPlug: OpenWithPlug | undefined;
  readonly #servers: Server[] = [];
  /** Without a plug a server ends between two steps: its connections finish what they were at. */
  #doomed: { index: number; provable: boolean }[] = [];
  #serial = 0;
  readonly claimed: { flow: string; fence: number }[] = [];
  readonly committed: { flow: string; fence: number }[] = [];
  readonly refused: { flow: string; fence: number }[] = [];
  /** Signals whose sender was told that they were kept, and all that were ever tried. */
  readonly kept: { flow: string; serial: number }[] = [];
  readonly staleSends: number[] = [];

  constructor(home: string, place: Place, openWithPlug: OpenWithPlug | undefined) {
    this.#home = home;
    this.#place = place;
    this.#openWithPlug = openWithPlug;
  }

  async begin(): Promise<void> {
    for (const index of [0, 1]) this.#servers.push(await this.#openServer(`s${index}`, currentOwner, 0));
    const data: Memory = { fences: [], signals: [] };
    for (const id of flowIds) {
      await this.#server(0).store.flows.create({ id, kind: 'run', phase: 'p', data, wakeAtMs: 0 });
    }
  }

  async runTogether(steps: readonly Step[]): Promise<void> {
    await Promise.all(steps.map((step) => this.#run(step)));
    for (const { index, provable } of this.#doomed.splice(0)) await this.#replace(index, provable);
  }

  async #run(step: Step): Promise<void> {
    if (step.do === 'pass') return this.#servers.forEach((server) => server.clock.pass(step.ms));
    const server = this.#server(step.server);
    try {
      await this.#act(server, step);
    } catch (error) {
      if (!String(error).includes('plug pulled')) throw error;
      await this.#replace(step.server);
    }
  }

  async #act(server: Server, step: Exclude<Step, { do: 'pass' }>): Promise<void> {
    switch (step.do) {
      case 'claim':
        return this.#claim(server);
      case 'commit':
        return this.#commit(server, step);
      case 'usurp':
        // Looks, waits out every lease that the other holds (it is frozen), and looks again.
        await this.#claim(server);
        server.clock.pass(leaseMs);
        return this.#claim(server);
      case 'signal':
        return this.#signal(server, flowIds[step.flow] ?? 'f');
      case 'release': {
        const [claim] = server.claims.splice(step.pick % Math.max(1, server.claims.length), 1);
        if (claim) await server.store.flows.release(claim, server.clock.wall + 500);
        return;
      }
      case 'jump':
        server.clock.wall += step.ms;
        return;
      case 'crash':
        if (server.plug) server.plug.pullAfter(step.statements, step.answered);
        else this.#doomed.push({ index: step.server, provable: step.provable });
    }
  }

  async #claim(server: Server): Promise<void> {
    const claim = await server.store.flows.claim('s', server.clock.wall, leaseMs);
    if (!claim) return;
    server.claims.push(claim);
    this.claimed.push({ flow: claim.flow.id, fence: claim.flow.fence });
  }

  async #commit(server: Server, { pick, send, twice, again }: Commit): Promise<void> {
    const [claim] = server.claims.splice(pick % Math.max(1, server.claims.length), 1);
    if (!claim) return;
    const { id: flow, fence } = claim.flow;
    const before = claim.flow.data as Memory;
    const data: Memory = {
      fences: [...before.fences, fence],
      signals: [...before.signals, ...claim.signals.map((signal) => signal.payload as number)],
    };
    const to = flowIds.find((id) => id !== flow) ?? 'f';
    const serial = (this.#serial += 1);
    const sent = send ? [{ flowId: to, name: 's', payload: serial }] : [];
    const commit = () =>
      server.store.flows.commit(
        claim,
        {
          phase: 'p',
          data,
          wakeAtMs: again ? 0 : null,
          events: [{ chain: `app/${flow}`, type: 'committed', actor: 'slipway', data: { flow, fence } }],
          consumed: claim.signals.map((signal) => signal.id),
          send: sent,
        },
        server.clock.wall,
      );
    const newest = Math.max(...this.claimed.map((held) => (held.flow === flow ? held.fence : 0)));
    const result = await commit();
    if (newest > fence) expect(result, 'a late commit is stale').toBe('stale');
    (result === 'committed' ? this.committed : this.refused).push({ flow, fence });
    if (send && result === 'committed') this.kept.push({ flow: to, serial });
    if (send && result === 'stale') this.staleSends.push(serial);
    if (twice) expect(await commit(), 'one commit a fence').toBe('stale');
  }

  async #signal(server: Server, flow: string): Promise<void> {
    const serial = (this.#serial += 1);
    await server.store.flows.signal(flow, 's', serial);
    this.kept.push({ flow, serial });
  }

  #server(index: number): Server {
    const server = this.#servers[index];
    if (!server) throw new Error(`no server ${index}`);
    return server;
  }

  /** The successor of a server that crashed; what it had claimed is known to nobody. */
  async #replace(index: number, provable = true): Promise<void> {
    const old = this.#server(index);
    const generation = old.generation + 1;
    await old.store.close().catch(() => {});
    const owner = provable && generation % 2 ? deadOwner : currentOwner;
    this.#servers[index] = await this.#openServer(`s${index}`, owner, generation);
  }

  async #openServer(id: string, owner: (id: string) => Owner, generation: number): Promise<Server> {
    const clock = new FakeClock();
    const options = { home: this.#home, clock, owner: owner(`${id}.${generation}`) };
    if (this.#openWithPlug && 'file' in this.#place) {
      const opened = await this.#openWithPlug({ ...options, file: this.#place.file });
      return { ...opened, clock, claims: [], generation };
    }
    const store = await openStore({ ...options, ...this.#place });
    return { store, clock, plug: null, claims: [], generation };
  }

  /** A last server, whom nothing befalls, ticks until all is quiet. Then the books must balance. */
  async settle(): Promise<void> {
    for (const server of this.#servers) await server.store.close().catch(() => {});
    const clock = new FakeClock();
    clock.wall = 1e9;
    const store = await openStore({ ...this.#place, home: this.#home, clock, owner: currentOwner('last') });
    const server: Server = { store, clock, plug: null, claims: [], generation: 0 };
    try {
      for (let quiet = 0; quiet < 3; quiet++) {
        clock.pass(leaseMs);
        for (let held = -1; held !== this.claimed.length;) {
          held = this.claimed.length;
          await this.#claim(server);
          await this.#commit(server, { pick: 0, send: false, twice: false, again: false });
        }
      }
      await this.#check(store);
    } finally {
      await store.close();
    }
  }

  async #check(store: Store): Promise<void> {
    const audit = await store.audit.verify();
    expect(audit.problems).toEqual([]);
    for (const id of flowIds) {
      const memory = (await store.flows.get(id))?.data as Memory;
      const fences = (list: { flow: string; fence: number }[]) =>
        list.filter((entry) => entry.flow === id).map((entry) => entry.fence);
      const claims = fences(this.claimed);
      expect(new Set(claims).size, 'no fence is handed out twice').toBe(claims.length);
      expect(isAscending(memory.fences), 'fences strictly increase').toBe(true);
      expect(memory.fences).toEqual(expect.arrayContaining(fences(this.committed)));
      expect(memory.fences.filter((fence) => fences(this.refused).includes(fence))).toEqual([]);
      const events = await store.events.list({ chain: `app/${id}` });
      expect(events.map((event) => event.data)).toEqual(memory.fences.map((fence) => ({ flow: id, fence })));
      const kept = this.kept.filter((signal) => signal.flow === id).map((signal) => signal.serial);
      expect(new Set(memory.signals).size, 'no signal is taken twice').toBe(memory.signals.length);
      expect(memory.signals, 'no signal is lost').toEqual(expect.arrayContaining(kept));
      expect(memory.signals.filter((serial) => this.staleSends.includes(serial))).toEqual([]);
    }
  }
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((value, index) => index === 0 || value > (numbers[index - 1] ?? 0));
}

/** Runs random histories and checks, after each, that nothing was lost, doubled or half-written. */
export function describeFlowHistories(name: string, options: HistoryOptions): void {
  describe(`histories on ${name}`, () => {
    it(
      'lose no signal, commit once a fence, write nothing late, and leave chains that verify',
      async () => {
        await fc.assert(
          fc.asyncProperty(history, async (steps) => {
            const home = mkdtempSync(join(tmpdir(), 'slipway-history-'));
            const past = new History(home, await options.makePlace(home), options.openWithPlug);
            try {
              await past.begin();
              for (const together of steps) await past.runTogether(together);
              await past.settle();
            } finally {
              rmSync(home, { recursive: true, force: true });
            }
          }),
          { numRuns: Number(process.env['SLIPWAY_HISTORIES'] ?? options.runs) },
        );
      },
      timeoutMs,
    );
  });
}
