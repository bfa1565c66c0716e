import { randomBytes, randomInt } from 'node:crypto';
import type { LotCounts, ProbedTraffic, ProbingWish } from '../../delivery/index.ts';
import { latencyEdgesMs } from '../../traffic/index.ts';
import type { Machines } from '../machines/machines.ts';

/** An answer that takes longer is none. */
const timeoutMs = 10_000;
/** More that wait for an answer at once would be a load of their own. */
const mostAtOnce = 100;
/** The same as the routers' own for sessions: four an octave from 1 ms to a minute. */
const slowEdgesMs = latencyEdgesMs.filter(
  (edgeMs, index) => index % 4 === 3 && edgeMs >= 1 && edgeMs <= 60_000,
);

/** What an environment's requests are sent with. */
export interface ProberParts {
  machines: Pick<Machines, 'of'>;
  /** Whether the candidate is asked next, by an even lot; for tests. */
  draw?: () => boolean;
}

/** Counts of one epoch. */
interface Epoch {
  id: string;
  rollout: string;
  chance: ProbedTraffic['chance'];
  candidate: LotCounts;
  stable: LotCounts;
}

/**
 * Sends the requests that a judge wants where users send too few: evenly over time, in turn, each as somebody new, to one
 * of both revisions by an even lot, as no user's session is drawn by it. It counts each when it has ended, by time as it
 * took from here. Counts begin anew with every rollout, and when only the candidate is left to ask, or no longer only it.
 */
export class Prober {
  readonly #machines: ProberParts['machines'];
  readonly #draw: () => boolean;
  #wish: ProbingWish | null = null;
  #epoch: Epoch | null = null;
  #timer: NodeJS.Timeout | null = null;
  #sent = 0;
  #underWay = 0;

  constructor({ machines, draw = () => randomInt(2) === 0 }: ProberParts) {
    this.#machines = machines;
    this.#draw = draw;
  }

  /** What is sent from now on; null for nothing. */
  want(wish: ProbingWish | null): void {
    const before = this.#wish;
    this.#wish = wish;
    if (wish && !isOf(this.#epoch, wish)) this.#epoch = begin(wish);
    if (wish?.probes.perMinute === before?.probes.perMinute) return;
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = wish && setInterval(() => void this.send(), 60_000 / wish.probes.perMinute).unref();
  }

  /** What has come of them; null while none are sent. */
  traffic(): ProbedTraffic | null {
    if (!this.#wish || !this.#epoch) return null;
    const { id, chance, candidate, stable } = this.#epoch;
    return structuredClone({ epoch: id, chance, candidate, stable });
  }

  /** Sends one, and waits for what comes of it. Public for tests. */
  async send(): Promise<void> {
    const [wish, epoch] = [this.#wish, this.#epoch];
    if (!wish || !epoch || this.#underWay >= mostAtOnce) return;
    const { probes, pins, places } = wish;
    const turn = this.#sent++;
    const check = probes.requests[turn % probes.requests.length];
    // Requests and machines change at another pace, so that each of both meets each other.
    const place = places[Math.floor(turn / probes.requests.length) % places.length];
    if (!check || !place) return;
    const toCandidate = pins.stable === null || this.#draw();
    const pin = toCandidate || pins.stable === null ? pins.candidate : pins.stable;
    this.#underWay += 1;
    const begunMs = performance.now();
    try {
      const asked = { at: { hosts: place.hosts, pin }, check, timeoutMs };
      const failure = await this.#machines.of(place.machine).check(asked);
      const counts = toCandidate ? epoch.candidate : epoch.stable;
      note(counts, { failed: failure !== null, tookMs: performance.now() - begunMs });
    } catch {
      // The machine could not be asked to send it, whichever of both was drawn: that says nothing of either.
    } finally {
      this.#underWay -= 1;
    }
  }
}

function isOf(epoch: Epoch | null, { rollout, pins }: ProbingWish): boolean {
  return epoch?.rollout === rollout && epoch.chance === (pins.stable === null ? 1 : 0.5);
}

function begin({ rollout, pins }: ProbingWish): Epoch {
  const none = (): LotCounts => ({
    sessions: 0,
    failed: 0,
    slow: slowEdgesMs.map((overMs) => ({ overMs, count: 0 })),
  });
  const chance = pins.stable === null ? 1 : 0.5;
  return { id: randomBytes(8).toString('hex'), rollout, chance, candidate: none(), stable: none() };
}

function note(counts: LotCounts, { failed, tookMs }: { failed: boolean; tookMs: number }): void {
  counts.sessions += 1;
  if (failed) counts.failed += 1;
  for (const edge of counts.slow) if (tookMs >= edge.overMs) edge.count += 1;
}
