import { widthOf } from './text.ts';

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
// Terminals that know it show a frame as a whole; others ignore it.
const beginFrame = '\u001b[?2026h';
const endFrame = '\u001b[?2026l';
const eraseLine = '\u001b[2K';
const eraseBelow = '\u001b[J';

/** Lines on a terminal that replace each other in place. */
export class LiveBlock {
  #drawn: string[] = [];

  /** The escape sequences that put these lines where the last ones stand. `columns` is the width now. */
  draw(lines: readonly string[], columns: number): string {
    const start = this.#drawn.length === 0 ? hideCursor : this.#toTop(columns);
    this.#drawn = [...lines];
    return `${beginFrame}${start}${lines.map((line) => `${eraseLine}${line}\n`).join('')}${eraseBelow}${endFrame}`;
  }

  /** Takes the block away, so that what comes next stands in its place. */
  clear(columns: number): string {
    if (this.#drawn.length === 0) return '';
    const start = this.#toTop(columns);
    this.#drawn = [];
    return `${start}${eraseBelow}${showCursor}`;
  }

  /** Leaves the block where it stands, and gives the cursor back. */
  leave(): string {
    const shown = this.#drawn.length > 0;
    this.#drawn = [];
    return shown ? showCursor : '';
  }

  /** A terminal that became narrower has wrapped the lines, so they stand on more rows than were drawn. */
  #toTop(columns: number): string {
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return `\u001b[${rows}A\r`;
  }
}
