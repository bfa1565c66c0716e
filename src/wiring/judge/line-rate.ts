import { nameOn, type MeasuredRevision } from '../../delivery/index.ts';
import { askMachines, noCopy, placeOf, type CopyPlace } from './copies.ts';
import { usualTimeoutMs, type Gauge } from './gauge.ts';

/** Lines of logs that match a pattern, a minute and copy. A copy counts from the first reading that has found it. */
export class LineRate implements Gauge {
  readonly timeoutMs = usualTimeoutMs;
  readonly tellsApart = true;
  readonly #pattern: string;
  readonly #place: CopyPlace & { nowMs: () => number };
  /** By copy: up to where its log was counted, and when. */
  readonly #counted = new Map<string, { upTo: string; atMs: number }>();

  /** @param place.nowMs - A clock that nobody sets. */
  constructor(pattern: string, place: CopyPlace & { nowMs: () => number }) {
    this.#pattern = pattern;
    this.#place = place;
  }

  async read(revision: MeasuredRevision, signal: AbortSignal): ReturnType<Gauge['read']> {
    const { scope, nowMs } = this.#place;
    const found = await askMachines(revision, this.#place, (machine, ids) => {
      const copies = ids.map((id) => ({
        id,
        after: this.#counted.get(nameOn(machine.name, id))?.upTo ?? null,
      }));
      return machine.countLines(scope, { pattern: this.#pattern, copies });
    });
    // What was given up must not count: its lines are counted again.
    if (signal.aborted) return null;
    if (found.length === 0) return noCopy(revision);
    const atMs = nowMs();
    const rates: number[] = [];
    const said = found.filter(({ id, matches }) => matches > 0 && this.#counted.has(id)).map(({ id }) => id);
    for (const { id, matches, upTo } of found) {
      const before = this.#counted.get(id);
      this.#counted.set(id, { upTo, atMs });
      if (before) rates.push((matches * 60_000) / Math.max(1, atMs - before.atMs));
    }
    if (rates.length === 0) return null;
    return { value: rates.reduce((sum, rate) => sum + rate, 0) / rates.length, ...placeOf(revision, said) };
  }
}
