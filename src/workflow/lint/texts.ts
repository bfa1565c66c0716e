import type { Span } from '../../diagnostics/index.ts';
import {
  parseCondition,
  parseExpression,
  splitTemplate,
  namesUsed,
  type Expression,
  type Reference,
} from '../../expressions/index.ts';
import type { Template } from '../model.ts';

/**
 * Place of a stretch of a template's text: exact on one line and in `|` blocks; in other forms, such as `>` and quotes
 * with escapes, the first place where it stands so, or else the line where the text begins.
 *
 * @param source - Text of the whole file.
 */
export function placeIn(template: Template, from: number, to: number, source: string): Span {
  const { text, at } = template;
  const { file, start, end } = at;
  if (start.line === end.line && end.column - start.column === text.length)
    return onLine(file, start.line, start.column + from, to - from);
  const lines = source.split(/\r?\n/);
  return (
    inBlock(template, from, to, lines) ?? asWritten(at, text.slice(from, to), lines) ?? firstLine(at, lines)
  );
}

function onLine(file: string, line: number, column: number, width: number): Span {
  return { file, start: { line, column }, end: { line, column: column + width } };
}

/** In a `|` block, each line of the text is a line of the file, moved right by the indentation. */
function inBlock({ text, at }: Template, from: number, to: number, lines: string[]): Span | undefined {
  if (!/^[|][-+0-9]*\s*(#.*)?$/.test((lines[at.start.line - 1] ?? '').slice(at.start.column - 1)))
    return undefined;
  const before = text.slice(0, from).split('\n');
  const lead = (before.at(-1) ?? '').length;
  const own = text.split('\n')[before.length - 1] ?? '';
  const line = at.start.line + before.length;
  const indent = (lines[line - 1] ?? '').indexOf(own);
  return indent === -1
    ? undefined
    : onLine(at.file, line, indent + lead + 1, Math.min(to - from, own.length - lead));
}

function asWritten({ file, start, end }: Span, stretch: string, lines: string[]): Span | undefined {
  for (let line = start.line; line <= end.line; line++) {
    const index = (lines[line - 1] ?? '').indexOf(stretch, line === start.line ? start.column - 1 : 0);
    if (index !== -1) return onLine(file, line, index + 1, stretch.length);
  }
  return undefined;
}

function firstLine({ file, start }: Span, lines: string[]): Span {
  const line = (lines[start.line - 1] ?? '').trimEnd();
  return onLine(file, start.line, start.column, Math.max(1, line.length + 1 - start.column));
}

/** An expression of a text with its place there. */
export interface PlacedExpression {
  expression: Expression;
  /** As written, without `${{ }}`. */
  text: string;
  at: Span;
}

/** The expressions of a text, as far as they can be read: what cannot has been reported by the parser. */
export function expressionsIn(template: Template, source: string): PlacedExpression[] {
  return splitTemplate(template.text).flatMap((part) => {
    if (part.kind === 'text') return [];
    const lead = part.text.length - part.text.trimStart().length;
    const text = part.text.trim();
    const at = placeIn(template, part.from + lead, part.from + lead + text.length, source);
    const parsed = parseExpression(text, at);
    return parsed.ok ? [{ expression: parsed.value, text, at }] : [];
  });
}

/** Every path into a context that a part of the file takes, wherever in it an expression stands. */
export function referencesIn(part: unknown, source: string): Reference[] {
  return templatesIn(part).flatMap(({ template, condition }) => {
    if (!condition)
      return expressionsIn(template, source).flatMap(({ expression }) => namesUsed(expression).references);
    const parsed = parseCondition(template.text, template.at);
    return parsed.ok && parsed.value ? namesUsed(parsed.value).references : [];
  });
}

interface Found {
  template: Template;
  /** Whether it is a bare expression. */
  condition: boolean;
}

/** Every text inside plain data of the model. */
function templatesIn(value: unknown, key = ''): Found[] {
  if (typeof value !== 'object' || value === null) return [];
  if (isTemplate(value)) return key === 'uses' ? [] : [{ template: value, condition: key === 'if' }];
  return Object.entries(value).flatMap(([name, inner]) =>
    templatesIn(inner, Array.isArray(value) ? key : name),
  );
}

function isTemplate(value: object): value is Template {
  return 'text' in value && typeof value.text === 'string' && 'at' in value;
}
