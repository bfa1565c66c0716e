import { stripVTControlCharacters, styleText } from 'node:util';

/** What a renderer may know of where its lines go. */
export interface Look {
  /** Only ever true on a terminal. */
  color: boolean;
  /** Cells a line may have. */
  columns: number;
}

export type Style = Parameters<typeof styleText>[0];

let segmenter: Intl.Segmenter | null = null;

/** Made when first needed: it costs a tenth of the time in which a command starts. */
function graphemesOf(text: string): Iterable<{ segment: string }> {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

const plainText = /^[\x20-\x7e]*$/;
// Emoji and the East Asian blocks take two cells.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const widthless = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u;
// eslint-disable-next-line no-control-regex -- An escape sequence is made of control characters.
const escapes = /\u001b\[[0-9;]*m/g;
const closingEscapes = new RegExp(`(?:${escapes.source})*$`);

/** Text in a style, or as it is where colours are off. */
export function paint(look: Look, style: Style, text: string): string {
  return look.color && text !== '' ? styleText(style, text, { validateStream: false }) : text;
}

/** Cells that a line takes on a terminal; escape sequences take none. */
export function widthOf(text: string): number {
  const shown = stripVTControlCharacters(text);
  if (plainText.test(shown)) return shown.length;
  let width = 0;
  for (const { segment } of graphemesOf(shown)) width += cellsOf(segment);
  return width;
}

/** Cuts a line to so many cells, with `…` where something is missing. Colours stay closed. */
export function fitTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let room = columns - 1;
  let result = '';
  let at = 0;
  const take = (plain: string) => {
    for (const { segment } of graphemesOf(plain)) {
      room -= cellsOf(segment);
      if (room < 0) return;
      result += segment;
    }
  };
  for (const escape of text.matchAll(escapes)) {
    if (room >= 0) take(text.slice(at, escape.index));
    result += escape[0];
    at = escape.index + escape[0].length;
  }
  if (room >= 0) take(text.slice(at));
  // The mark goes before the escapes that close the colours.
  const closing = closingEscapes.exec(result)?.[0] ?? '';
  return `${result.slice(0, result.length - closing.length)}…${closing}`;
}

/** Fills a line with spaces up to so many cells. */
export function pad(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - widthOf(text)));
}

/** Text of others (commit titles, logs) without anything that could steer a terminal. Tabs become spaces. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\t', '  ')
    .replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** The first line of a text of others: what fits where only one line is shown. */
export function headline(text: string): string {
  return harmless(text.split('\n', 1)[0] ?? '');
}

function cellsOf(grapheme: string): number {
  if (widthless.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
