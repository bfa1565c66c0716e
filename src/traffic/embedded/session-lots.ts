import type { LotCounts, SessionLot } from '../../delivery/index.ts';
import { latencyEdgesMs } from './histogram.ts';
import { parseLot } from './lot-text.ts';
import { isFailure, timedMs, type Outcome } from './revision-counts.ts';

/*
 * A session counts for the judge only while what becomes of it depends on nothing but its lot. So it is followed
 *
 *   from its draw ──► until it draws again
 *                 ──► until one of the lot's revisions has no weight: that one's sessions go elsewhere, out of sight,
 *                     and to go on with the others alone would lean the scales
 *                 ──► until it is the oldest of too many
 *
 * and what it had met by then stays counted. None of the three looks at which revision was drawn.
 */

/** Sessions followed at once; what comes on top pushes out those that drew first. */
const maxFollowed = 50_000;

/** Lots told of at once; the oldest goes. */
const maxLots = 24;

/** Four an octave from 1 ms to a minute; edges of the fine histogram, so that both tell of the same things. */
export const slowEdgesMs: readonly number[] = latencyEdgesMs.filter(
  (edgeMs, index) => index % 4 === 3 && edgeMs >= 1 && edgeMs <= 60_000,
);

/** What became of the sessions that drew one revision by one lot. */
interface Tally {
  sessions: number;
  failed: number;
  /** Sessions by the edges of `slowEdgesMs` that one of their requests reached. */
  slow: number[];
}

interface Lot {
  text: string;
  weights: Record<string, number>;
  drawn: Map<string, Tally>;
  /** Rises when the sessions that drew so far are to be followed no more. */
  round: number;
}

/** A session since it drew. */
export interface FollowedSession {
  readonly session: number;
  readonly lot: Lot;
  readonly round: number;
  readonly revision: string;
  readonly tally: Tally;
  failed: boolean;
  /** How many edges its slowest request has reached. */
  slow: number;
}

/** The lots of a scope as they travel to a successor. Sessions are in the order in which they drew. */
export interface LotsSnapshot {
  lots: { text: string; drawn: Record<string, Tally> }[];
  /** Session, its lot's place in the list, the revision, whether it failed (0 or 1), edges reached. */
  sessions: [number, number, string, number, number][];
}

/** What a session met in a process that had handed over before. */
export interface SessionNews {
  session: number;
  lot: string;
  revision: string;
  failed: boolean;
  slow: number;
  /** It drew there, too. */
  drew: boolean;
}

/** Follows the sessions of a scope from their draw on. Memory is bounded. */
export class SessionLots {
  readonly #lots = new Map<string, Lot>();
  /** In the order in which they drew. */
  readonly #followed = new Map<number, FollowedSession>();
  #weighted: ReadonlySet<string> = new Set();
  /** Sessions to which something happened since `handOver`, and whether they drew since; undefined before it. */
  #news: Map<FollowedSession, boolean> | undefined;

  /** The routes are about to change: these revisions have weight from now on. Lots of others are drawn no more. */
  weigh(revisions: readonly { id: string; weightPercent: number }[]): void {
    this.#weighted = new Set(revisions.filter((one) => one.weightPercent > 0).map(({ id }) => id));
    for (const lot of this.#lots.values()) if (!this.#isOpen(lot.weights)) lot.round++;
    this.#unfollow();
  }

  /** Drops lots with a revision that is not known any more. */
  keep(known: ReadonlySet<string>): void {
    for (const lot of this.#lots.values())
      if (Object.keys(lot.weights).some((id) => !known.has(id))) this.#drop(lot);
  }

  /**
   * A session drew its revision; from now on it is in this lot.
   *
   * @param text - See `lotText`.
   * @returns Undefined for a lot that is over, or that is none.
   */
  drew(session: number, text: string, revision: string): FollowedSession | undefined {
    const lot = this.#lots.get(text) ?? this.#begin(text, parseLot(text));
    const tally = lot?.drawn.get(revision);
    if (!lot || !tally || !this.#isOpen(lot.weights)) return undefined;
    tally.sessions++;
    const followed = { session, lot, round: lot.round, revision, tally, failed: false, slow: 0 };
    this.#follow(followed);
    this.#news?.set(followed, true);
    return followed;
  }

  /** A session that drew this revision before; undefined when nobody follows it. */
  find(session: number, revision: string): FollowedSession | undefined {
    const followed = this.#followed.get(session);
    return followed?.revision === revision ? followed : undefined;
  }

  /** A request of the session has ended. */
  finish(followed: FollowedSession, outcome: Outcome): void {
    const tookMs = timedMs(outcome) ?? 0;
    let reached = followed.slow;
    for (; tookMs >= (slowEdgesMs[reached] ?? Infinity); reached++);
    this.#meet(followed, isFailure(outcome), reached);
  }

  /** Oldest lot first. */
  toLots(): SessionLot[] {
    return [...this.#lots.values()].map(({ weights, drawn }) => ({
      weights,
      drawn: Object.fromEntries([...drawn].map(([id, tally]) => [id, countsOf(tally)])),
    }));
  }

  snapshot(): LotsSnapshot {
    const lots = [...this.#lots.values()];
    const places = new Map(lots.map((lot, place) => [lot, place]));
    return {
      lots: lots.map(({ text, drawn }) => ({ text, drawn: structuredClone(Object.fromEntries(drawn)) })),
      sessions: [...this.#followed.values()].map(({ session, lot, revision, failed, slow }) => [
        session,
        places.get(lot) ?? -1,
        revision,
        failed ? 1 : 0,
        slow,
      ]),
    };
  }

  /** Takes over all that another process knew, at the start. What was counted by other edges is left out. */
  load({ lots, sessions }: LotsSnapshot): void {
    for (const { text, drawn } of lots) {
      const weights = parseLot(text);
      const sameEdges = Object.values(drawn).every(({ slow }) => slow.length === slowEdgesMs.length);
      if (weights && sameEdges)
        this.#keepLot({ text, weights, drawn: new Map(Object.entries(drawn)), round: 0 });
    }
    for (const [session, place, revision, failed, slow] of sessions) {
      const lot = this.#lots.get(lots[place]?.text ?? '');
      const tally = lot?.drawn.get(revision);
      if (lot && tally && this.#isOpen(lot.weights))
        this.#follow({ session, lot, round: lot.round, revision, tally, failed: failed === 1, slow });
    }
  }

  /** A successor has the counts so far; what happens from now on is news to it. */
  handOver(): LotsSnapshot {
    this.#news = new Map();
    return this.snapshot();
  }

  /** The successor failed. */
  takeBack(): void {
    this.#news = undefined;
  }

  /** What happened since `handOver`. */
  news(): SessionNews[] {
    return [...(this.#news ?? [])].map(([{ session, lot, revision, failed, slow }, drew]) => {
      return { session, lot: lot.text, revision, failed, slow, drew };
    });
  }

  /** Adds what happened in a predecessor. What both saw of a session counts once. */
  add(news: readonly SessionNews[]): void {
    for (const { session, lot, revision, failed, slow, drew } of news) {
      const followed = drew ? this.drew(session, lot, revision) : this.find(session, revision);
      if (followed?.lot.text === lot) this.#meet(followed, failed, Math.min(slow, slowEdgesMs.length));
    }
  }

  #meet(followed: FollowedSession, failed: boolean, slow: number): void {
    const { tally, lot, round } = followed;
    if (round !== lot.round || (slow <= followed.slow && (!failed || followed.failed))) return;
    if (failed && !followed.failed) tally.failed++;
    followed.failed ||= failed;
    for (; followed.slow < slow; followed.slow++)
      tally.slow[followed.slow] = (tally.slow[followed.slow] ?? 0) + 1;
    if (this.#news && !this.#news.has(followed)) this.#news.set(followed, false);
  }

  #begin(text: string, weights: Record<string, number> | null): Lot | undefined {
    if (!weights || !this.#isOpen(weights)) return undefined;
    const drawn = new Map(Object.keys(weights).map((id) => [id, emptyTally()]));
    return this.#keepLot({ text, weights, drawn, round: 0 });
  }

  #keepLot(lot: Lot): Lot {
    this.#lots.set(lot.text, lot);
    const [oldest] = this.#lots.values();
    if (oldest && this.#lots.size > maxLots) this.#drop(oldest);
    return lot;
  }

  #isOpen(weights: Lot['weights']): boolean {
    for (const id in weights) if (!this.#weighted.has(id)) return false;
    return true;
  }

  #follow(followed: FollowedSession): void {
    this.#followed.delete(followed.session);
    this.#followed.set(followed.session, followed);
    const [oldest] = this.#followed.keys();
    if (oldest !== undefined && this.#followed.size > maxFollowed) this.#followed.delete(oldest);
  }

  #drop(lot: Lot): void {
    lot.round++;
    this.#lots.delete(lot.text);
    this.#unfollow();
  }

  #unfollow(): void {
    for (const [session, { lot, round }] of this.#followed)
      if (round !== lot.round) this.#followed.delete(session);
  }
}

function emptyTally(): Tally {
  return { sessions: 0, failed: 0, slow: slowEdgesMs.map(() => 0) };
}

function countsOf({ sessions, failed, slow }: Tally): LotCounts {
  return {
    sessions,
    failed,
    slow: slowEdgesMs.map((overMs, index) => ({ overMs, count: slow[index] ?? 0 })),
  };
}
