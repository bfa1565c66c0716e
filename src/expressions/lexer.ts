import type { Finding, Span } from '../diagnostics/index.ts';
import { blankClass, parseNumber } from './coerce.ts';
import { locate, mistake } from './locate.ts';

/** Signs of the language; `end` closes the list of tokens. */
export type Sign =
  '(' | ')' | '[' | ']' | ',' | '.' | '*' | '!' | '!=' | '==' | '<' | '<=' | '>' | '>=' | '&&' | '||' | 'end';

/** A word of the language with its place. */
export type Token =
  | { kind: 'sign'; sign: Sign; at: Span }
  | { kind: 'literal'; value: null | boolean | number | string; at: Span }
  | { kind: 'name'; name: string; at: Span };

/** Said with mistakes of syntax. */
export const signsNote = 'signs of the language: . [ ] ( ) , * ! < <= > >= == != && ||';

const signPattern = /[()[\],*]|!=|==|<=|>=|&&|\|\||[!<>.]/y;
const namePattern = /[a-z_][a-z0-9_-]*/iy;
const stringPattern = /'(?:[^']|'')*'/y;
const numberPattern = new RegExp(`(?:(?!${blankClass})[^()[\\],!<>=&|])+`, 'y');
const blankPattern = new RegExp(`${blankClass}+`, 'y');

const literals = new Map<string, null | boolean | number>([
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', NaN],
  ['Infinity', Infinity],
]);

/** Cuts an expression into tokens, or says at which character it stops being one. */
export function tokenize(
  text: string,
  at: Span,
): { ok: true; tokens: Token[] } | { ok: false; finding: Finding } {
  const tokens: Token[] = [];
  let from = 0;
  while (from < text.length) {
    const blank = match(blankPattern, text, from);
    if (blank !== undefined) {
      from += blank.length;
      continue;
    }
    const read = readToken(text, from, at, tokens.at(-1));
    if (!('token' in read)) return { ok: false, finding: read };
    tokens.push(read.token);
    from += read.length;
  }
  const end = locate(at, text, text.length, text.length + 1);
  tokens.push({ kind: 'sign', sign: 'end', at: end });
  return { ok: true, tokens };
}

type Read = { token: Token; length: number } | Finding;

function readToken(text: string, from: number, at: Span, before: Token | undefined): Read {
  const place = (length: number) => locate(at, text, from, from + length);
  const first = text.charAt(from);
  if (first === "'") return readString(text, from, place);
  if (/[0-9+-]/.test(first) || (/^\.\d/.test(text.slice(from, from + 2)) && !canBeDereferenced(before))) {
    return readNumber(match(numberPattern, text, from) ?? first, place);
  }
  const sign = match(signPattern, text, from);
  if (sign !== undefined) {
    return { token: { kind: 'sign', sign: sign as Sign, at: place(sign.length) }, length: sign.length };
  }
  const name = match(namePattern, text, from);
  if (name === undefined) return unexpected(first, place(1));
  const isProperty = before?.kind === 'sign' && before.sign === '.';
  const literal = isProperty ? undefined : literals.get(name);
  const token: Token =
    literal === undefined
      ? { kind: 'name', name, at: place(name.length) }
      : { kind: 'literal', value: literal, at: place(name.length) };
  return { token, length: name.length };
}

function readString(text: string, from: number, place: (length: number) => Span): Read {
  const quoted = match(stringPattern, text, from);
  if (quoted === undefined) {
    return mistake('syntax', 'this text has no closing quote', place(text.length - from), {
      help: "close it with ', and write a quote inside it twice: 'it''s'",
    });
  }
  const value = quoted.slice(1, -1).replaceAll("''", "'");
  return { token: { kind: 'literal', value, at: place(quoted.length) }, length: quoted.length };
}

function readNumber(text: string, place: (length: number) => Span): Read {
  const value = parseNumber(text);
  if (!Number.isNaN(value)) {
    return { token: { kind: 'literal', value, at: place(text.length) }, length: text.length };
  }
  const help = /^[+-]/.test(text)
    ? 'expressions have no arithmetic; compute it in a `run:` step and pass it on as an output'
    : 'write a number such as 3, -1.5, 1e3 or 0xff';
  return mistake('syntax', `"${text}" is not a number`, place(text.length), { help });
}

function canBeDereferenced(token: Token | undefined): boolean {
  if (token?.kind === 'name') return true;
  return token?.kind === 'sign' && [')', ']', '*'].includes(token.sign);
}

const hints: Record<string, string> = {
  '"': "text takes single quotes: 'text'",
  '\\': "text takes single quotes, and no backslashes: 'it''s'",
  '`': "text takes single quotes: 'text'",
  '=': 'compare with ==',
  '&': 'write && for "and"',
  '|': 'write || for "or"',
  '/': 'expressions have no arithmetic; compute it in a `run:` step and pass it on as an output',
  '%': 'expressions have no arithmetic; compute it in a `run:` step and pass it on as an output',
  $: 'leave out the inner `${{ }}`: everything here is an expression already',
  '{': 'leave out the inner `${{ }}`: everything here is an expression already',
};

function unexpected(character: string, at: Span): Finding {
  const help = Object.hasOwn(hints, character) ? hints[character] : undefined;
  return mistake('syntax', `"${character}" has no meaning in an expression`, at, {
    notes: [signsNote],
    help,
  });
}

function match(pattern: RegExp, text: string, from: number): string | undefined {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0];
}
