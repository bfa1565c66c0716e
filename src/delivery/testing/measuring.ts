import type { MetricDefinition, ProbesDefinition } from '../../app/index.ts';
import { copyJson } from '../../flow/index.ts';
import type { EnvironmentState } from '../environment.ts';
import { machineOf } from '../machines.ts';
import { metricWishes, type MeasuredRevision, type MetricWish } from '../metric-wishes.ts';
import type { MetricReading, Observed, ProbedTraffic } from '../observed.ts';
import type { LotCounts } from '../ports.ts';
import { probingWish, type ProbingWish } from '../probing.ts';
import type { Revision } from '../revision.ts';
import { behaviour, type World } from './world.ts';

/** A number that a command prints, and the memory of the copies. */
export const load: MetricDefinition = {
  name: 'load',
  source: { kind: 'command', command: 'bin/load', timeoutMs: 1_000 },
  below: 5,
  above: null,
  times: null,
  intervalMs: 600,
  failures: 2,
};
export const memory: MetricDefinition = {
  ...load,
  name: 'memory',
  source: { kind: 'resource', of: 'memory' },
  below: null,
  times: 2,
};
export const someProbes: ProbesDefinition = {
  perMinute: 600,
  requests: [{ path: '/login', status: 200, headers: {}, body: null, json: {} }],
};

/** All that was really sent and read for a rollout, whichever server did it. */
export interface Sent {
  candidate: number;
  stable: number;
  /** Readings with a value, and those of a release that is bad, by metric. */
  values: Record<string, number>;
  bad: Record<string, number>;
}

interface Wanted {
  metrics: MetricWish[];
  probes: ProbingWish | null;
  candidate: Revision;
  stable: Revision | null;
}

/**
 * Measures for judges in memory: a reading now and then, without a value where a machine is cut off or by chance, and
 * requests by an even lot. It ends with its server, and the next begins anew.
 */
export class MeasuringInMemory {
  private readonly world: World;
  private readonly sent = new Map<string, Sent>();
  private wanted: Wanted | null = null;
  private rollout: string | null = null;
  private readings: Record<string, MetricReading> = {};
  private probed: ProbedTraffic | null = null;
  private servers = 1;
  private readingsSoFar = 0;
  private epochs = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Takes what the state asks for now, and gives what is known. */
  look(
    state: EnvironmentState,
    { routers }: Pick<Observed, 'routers'>,
  ): Pick<Observed, 'metrics' | 'probed'> {
    const { rollout, stable } = state;
    if (!rollout || rollout.id !== this.rollout) this.forget();
    this.rollout = rollout?.id ?? null;
    const probes = probingWish(state, { routers });
    this.wanted = rollout && {
      metrics: metricWishes(state),
      probes,
      candidate: rollout.candidate,
      stable,
    };
    const chance = probes?.pins.stable === null ? 1 : 0.5;
    if (probes && this.probed?.chance !== chance) this.probed = this.begin(chance);
    const known = (this.wanted?.metrics ?? []).flatMap(({ metric: { name } }) => {
      const reading = this.readings[name];
      return reading ? [[name, reading] as const] : [];
    });
    return copyJson({ metrics: Object.fromEntries(known), probed: probes && this.probed });
  }

  /** The server has died: what it had counted is gone with it. */
  restart(): void {
    this.servers += 1;
    this.forget();
  }

  /** Lets a moment pass. `dice` is 0..1. */
  pass(dice: () => number): void {
    const { wanted } = this;
    if (!wanted) return;
    for (const wish of wanted.metrics) if (dice() < 0.5) this.read(wanted, wish, dice);
    if (wanted.probes) for (let more = Math.floor(dice() * 12); more > 0; more--) this.send(wanted, dice);
  }

  sentFor(rollout: string): Sent {
    const known = this.sent.get(rollout) ?? { candidate: 0, stable: 0, values: {}, bad: {} };
    this.sent.set(rollout, known);
    return known;
  }

  private forget(): void {
    this.readings = {};
    this.probed = null;
  }

  private begin(chance: ProbedTraffic['chance']): ProbedTraffic {
    const none = (): LotCounts => ({ sessions: 0, failed: 0, slow: [{ overMs: 250, count: 0 }] });
    return { epoch: `p${++this.epochs}`, chance, candidate: none(), stable: none() };
  }

  private read({ candidate }: Wanted, wish: MetricWish, dice: () => number): void {
    const { name } = wish.metric;
    const sent = this.sentFor(wish.rollout);
    const trouble = this.troubleOf(wish.candidate, dice);
    const bad = behaviour(candidate) === 'leaks' && this.seesIll(wish.candidate, candidate);
    if (!trouble) sent.values[name] = (sent.values[name] ?? 0) + 1;
    if (!trouble && bad) sent.bad[name] = (sent.bad[name] ?? 0) + 1;
    const compares = wish.stable && !this.troubleOf(wish.stable, dice);
    this.readings[name] = {
      id: `${this.servers}-${++this.readingsSoFar}`,
      candidate: trouble ? null : bad ? 9 : 1 + dice(),
      stable: compares ? 1 + dice() : null,
      trouble,
    };
  }

  private troubleOf({ copies }: MeasuredRevision, dice: () => number): string | null {
    const silent = copies.map(machineOf).find((name) => !this.world.on(name).answers);
    if (silent !== undefined) return `${silent} does not answer`;
    return dice() < 0.2 ? 'it gave no value' : null;
  }

  private seesIll({ copies }: MeasuredRevision, revision: Revision): boolean {
    return copies.some((id) => this.world.doesOn(machineOf(id), revision) === 'leaks');
  }

  private send({ probes, candidate, stable }: Wanted, dice: () => number): void {
    if (!probes || !this.probed) return;
    const place = probes.places[Math.floor(dice() * probes.places.length)];
    if (!place || !this.world.on(place.machine).answers) return;
    const side = probes.pins.stable === null || !stable || dice() < 0.5 ? 'candidate' : 'stable';
    const asked = side === 'stable' && stable ? stable : candidate;
    const counts = this.probed[side];
    counts.sessions += 1;
    if (this.world.doesOn(place.machine, asked) === 'errors' && dice() < 0.4) counts.failed += 1;
    this.sentFor(probes.rollout)[side] += 1;
  }
}
