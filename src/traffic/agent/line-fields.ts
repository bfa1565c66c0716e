import { hashBetween, hashByte, hashStart } from '../embedded/session-hash.ts';

/** A program's log in bytes, as it comes: whole lines are told where they lie, and a half one waits for its rest. */
export class Lines {
  #rest: Buffer | null = null;

  /** @param tell - Called for each line, with its end behind its last byte. */
  take(chunk: Buffer, tell: (bytes: Buffer, start: number, end: number) => void): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      tell(bytes, start, end);
      start = end + 1;
    }
    this.#rest = start < bytes.length ? Buffer.from(bytes.subarray(start)) : null;
  }

  /** A line that was never ended; empty when there is none. */
  get rest(): Buffer {
    return this.#rest ?? Buffer.alloc(0);
  }
}

const newline = 0x0a;
const zero = 0x30;
const point = 0x2e;

/**
 * The fields of one line, from left to right, without making them into text: a router logs tens of thousands of lines a
 * second, and what is made for each costs more than what is read.
 */
export class LineFields {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #separator: number;
  #from: number;
  #to: number;

  constructor(bytes: Buffer, at: { start: number; end: number; separator: number }) {
    this.#bytes = bytes;
    this.#end = at.end;
    this.#separator = at.separator;
    this.#from = at.start;
    this.#to = at.start - 1;
  }

  /** Goes on to the next field, which is empty behind the last one. */
  next(): this {
    this.#from = Math.min(this.#to + 1, this.#end + 1);
    let to = this.#from;
    while (to < this.#end && this.#bytes[to] !== this.#separator) to++;
    this.#to = to;
    return this;
  }

  /** Whether there is no field behind this one. */
  get isLast(): boolean {
    return this.#to >= this.#end && this.#from <= this.#end;
  }

  get length(): number {
    return Math.max(0, this.#to - this.#from);
  }

  /** The code of a letter; NaN behind the end. */
  letter(index: number): number {
    return index >= 0 && this.#from + index < this.#to ? (this.#bytes[this.#from + index] ?? NaN) : NaN;
  }

  /** A whole number from 0 on, from a letter on; NaN for anything else. */
  number(from = 0): number {
    if (this.#from + from >= this.#to) return NaN;
    let value = 0;
    for (let at = this.#from + from; at < this.#to; at++) {
      const digit = (this.#bytes[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) return NaN;
      value = value * 10 + digit;
    }
    return value;
  }

  /** Whether its last letter is a digit. */
  get endsInDigit(): boolean {
    const digit = this.letter(this.length - 1) - zero;
    return digit >= 0 && digit <= 9;
  }

  /** Whether the field is this text. */
  is(text: string): boolean {
    return this.length === text.length && this.startsWith(text);
  }

  startsWith(text: string): boolean {
    if (this.length < text.length) return false;
    for (let index = 0; index < text.length; index++)
      if (this.#bytes[this.#from + index] !== text.charCodeAt(index)) return false;
    return true;
  }

  /** Thousandths of what is written with exactly three decimals, such as seconds: `1.042` is 1042. NaN for anything else. */
  thousandths(): number {
    if (this.letter(this.length - 4) !== point) return NaN;
    let value = 0;
    for (let at = this.#from; at < this.#to; at++) {
      if (at === this.#to - 4) continue;
      const digit = (this.#bytes[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) return NaN;
      value = value * 10 + digit;
    }
    return value;
  }

  /** The field's share of a `sessionHash`, as the first text of it. */
  hash(): number {
    return hashByte(this.hashAfter(hashStart), hashBetween) >>> 0;
  }

  /** The `sessionHash` with this field as its second text. @param first - `hash` of the first. */
  hashAfter(first: number): number {
    let hash = first;
    for (let at = this.#from; at < this.#to; at++) hash = hashByte(hash, this.#bytes[at] ?? 0);
    return hash >>> 0;
  }

  text(): string {
    return this.#bytes.toString('latin1', this.#from, Math.max(this.#from, this.#to));
  }
}

/** A field that is the same in most lines: made into text only when it changes. */
export class SteadyText {
  #last = '';

  of(field: LineFields): string {
    if (!field.is(this.#last)) this.#last = field.text();
    return this.#last;
  }
}
