import { StringDecoder } from 'node:string_decoder';

/**
 * A line longer than twice this, in UTF-16 units, is passed on in pieces, so that output without line ends costs no
 * memory. Even if every unit takes six bytes in the log, a piece fits into one read of it.
 */
const longestLine = 256 * 1024;

interface LineSplitterOptions {
  /** Lines that came together; never an empty list. */
  onLines: (lines: string[]) => void;
  /** Moves a forced cut back to where it harms nothing. */
  safeCut?: (text: string, at: number) => number;
}

/**
 * Turns chunks of bytes into lines. Bytes that are not UTF-8 become U+FFFD. `\n`, `\r\n` and a lone `\r`, with which
 * progress bars start over, end a line, as GitHub's runner has it.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLines: (lines: string[]) => void;
  readonly #safeCut: (text: string, at: number) => number;
  #rest = '';
  /** The last chunk ended with `\r`, whose `\n` may follow. */
  #afterReturn = false;

  constructor(options: LineSplitterOptions) {
    this.#onLines = options.onLines;
    this.#safeCut = options.safeCut ?? ((_text, at) => at);
  }

  push(chunk: Buffer): void {
    const lines: string[] = [];
    this.#take(this.#decoder.write(chunk), lines);
    if (lines.length > 0) this.#onLines(lines);
  }

  /** Passes on what has no line end. */
  end(): void {
    const lines: string[] = [];
    this.#take(this.#decoder.end(), lines);
    if (this.#rest !== '') lines.push(this.#rest);
    this.#rest = '';
    if (lines.length > 0) this.#onLines(lines);
  }

  #take(text: string, lines: string[]): void {
    if (text === '') return;
    const fresh = this.#afterReturn && text.startsWith('\n') ? text.slice(1) : text;
    this.#afterReturn = text.endsWith('\r');
    const pieces = fresh.includes('\r') ? fresh.split(/\r\n|\r|\n/) : fresh.split('\n');
    const rest = pieces.pop() ?? '';
    for (const piece of pieces) {
      this.#emit(this.#rest + piece, lines);
      this.#rest = '';
    }
    this.#rest += rest;
    while (this.#rest.length > 2 * longestLine) this.#rest = this.#cut(this.#rest, lines);
  }

  #emit(line: string, lines: string[]): void {
    let rest = line;
    while (rest.length > 2 * longestLine) rest = this.#cut(rest, lines);
    lines.push(rest);
  }

  #cut(text: string, lines: string[]): string {
    const cut = this.#safeCut(text, longestLine) || longestLine;
    lines.push(text.slice(0, cut));
    return text.slice(cut);
  }
}
