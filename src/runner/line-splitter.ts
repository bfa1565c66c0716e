import { StringDecoder } from 'node:string_decoder';

/**
 * A line longer than twice this, in UTF-16 units, is passed on in pieces, so that output without line ends costs no
 * memory. Even if every unit takes six bytes in the log, a piece fits into one read of it.
 */
const longestLine = 256 * 1024;

interface LineSplitterOptions {
  onLine: (line: string) => void;
  /** Moves a forced cut back to where it harms nothing. */
  safeCut?: (text: string, at: number) => number;
}

/** Turns chunks of bytes into lines. Bytes that are not UTF-8 become U+FFFD; `\r\n` counts as one line end. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  readonly #safeCut: (text: string, at: number) => number;
  #rest = '';

  constructor(options: LineSplitterOptions) {
    this.#onLine = options.onLine;
    this.#safeCut = options.safeCut ?? ((_text, at) => at);
  }

  push(chunk: Buffer): void {
    this.#take(this.#decoder.write(chunk));
  }

  /** Passes on what has no line end. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      this.#emit(this.#rest + text.slice(from, at));
      this.#rest = '';
      from = at + 1;
    }
    this.#rest += text.slice(from);
    while (this.#rest.length > 2 * longestLine) this.#rest = this.#cut(this.#rest);
  }

  #emit(line: string): void {
    let rest = line.endsWith('\r') ? line.slice(0, -1) : line;
    while (rest.length > 2 * longestLine) rest = this.#cut(rest);
    this.#onLine(rest);
  }

  #cut(text: string): string {
    const cut = this.#safeCut(text, longestLine) || longestLine;
    this.#onLine(text.slice(0, cut));
    return text.slice(cut);
  }
}
