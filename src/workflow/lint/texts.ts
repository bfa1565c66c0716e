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
 * Place of a stretch of a template's text: exact on one line and in `|` blocks, else the line where the text begins.
 *
 * @param source - Text of the whole file.
 */
export function placeIn({ text, at }: Template, from: number, to: number, source: string): Span {
  const { file, start, end } = at;
  const lines = source.split(/\r?\n/);
  if (start.line === end.line && end.column - start.column === text.length) {
    const column = start.column + from;
    return {
      file,
      start: { line: start.line, column },
      end: { line: start.line, column: start.column + to },
    };
  }
  const before = text.slice(0, from).split('\n');
  const own = text.split('\n')[before.length - 1] ?? '';
  const line = start.line + before.length;
  const indent = (lines[line - 1] ?? '').indexOf(own);
  if (
    !/^[|][-+0-9]*\s*(#.*)?$/.test((lines[start.line - 1] ?? '').slice(start.column - 1)) ||
    indent === -1
  ) {
    const column = Math.max(start.column + 1, (lines[start.line - 1] ?? '').trimEnd().length + 1);
    return { file, start, end: { line: start.line, column } };
  }
  const column = indent + (before.at(-1) ?? '').length + 1;
  const width = Math.min(to - from, own.length - (before.at(-1) ?? '').length);
  return { file, start: { line, column }, end: { line, column: column + width } };
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
