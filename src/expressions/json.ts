import { CodedError } from '../diagnostics/index.ts';
import { deepestNesting, ObjectValue, type Value } from './value.ts';

const plain = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/**
 * Reads JSON into a value. Unlike `JSON.parse` it keeps the keys in the order written, `"10"` before `"9"`, too.
 *
 * @param options.caseSensitive - Whether the keys of its objects differ by case; by default they do not.
 * @throws SyntaxError when the text is not JSON; CodedError `expressions/too-deep` beyond 200 levels.
 */
export function readJson(text: string, options: { caseSensitive?: boolean } = {}): Value {
  const reader = new Reader(text, options);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  readonly #options: { caseSensitive?: boolean };
  #at = 0;

  constructor(text: string, options: { caseSensitive?: boolean }) {
    this.#text = text;
    this.#options = options;
  }

  value(depth: number): Value {
    if (depth > deepestNesting) {
      throw new CodedError('expressions/too-deep', `a value nests deeper than ${deepestNesting} levels`);
    }
    const first = this.#peek();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#list(depth);
    if (first === '"') return this.#string();
    plain.lastIndex = this.#at;
    const word = plain.exec(this.#text)?.[0];
    if (word === undefined) this.#fail();
    this.#at += word.length;
    return JSON.parse(word) as Value;
  }

  end(): void {
    if (this.#peek() !== '') this.#fail();
  }

  #object(depth: number): Value {
    const entries: [string, Value][] = [];
    this.#members('{', '}', () => {
      if (this.#peek() !== '"') this.#fail();
      const key = this.#string();
      this.#expect(':');
      entries.push([key, this.value(depth + 1)]);
    });
    return new ObjectValue(entries, this.#options);
  }

  #list(depth: number): Value {
    const items: Value[] = [];
    this.#members('[', ']', () => items.push(this.value(depth + 1)));
    return items;
  }

  #members(open: string, close: string, read: () => void): void {
    this.#expect(open);
    if (this.#peek() !== close) {
      read();
      while (this.#peek() === ',') {
        this.#at++;
        read();
      }
    }
    this.#expect(close);
  }

  #string(): string {
    const from = this.#at;
    let to = this.#text.indexOf('"', from + 1);
    while (to !== -1 && this.#escaped(to, from)) to = this.#text.indexOf('"', to + 1);
    if (to === -1) this.#fail();
    this.#at = to + 1;
    return JSON.parse(this.#text.slice(from, to + 1)) as string;
  }

  /** Whether an odd number of backslashes stands before a quote. */
  #escaped(quote: number, from: number): boolean {
    let at = quote - 1;
    while (at > from && this.#text[at] === '\\') at--;
    return (quote - 1 - at) % 2 === 1;
  }

  #peek(): string {
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }

  #expect(sign: string): void {
    if (this.#peek() !== sign) this.#fail();
    this.#at++;
  }

  #fail(): never {
    throw new SyntaxError(`this is not JSON from character ${this.#at + 1} on`);
  }
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
