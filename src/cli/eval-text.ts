import { CodedError, type Finding, type Span } from '../diagnostics/index.ts';
import {
  evaluate,
  evaluateTemplate,
  ObjectValue,
  parseExpression,
  parseTemplate,
  type Scope,
  type Value,
} from '../expressions/index.ts';

/** What became of an expression: its value, or all that is wrong with it. */
export type Evaluated = { ok: true; value: Value } | { ok: false; findings: Finding[] };

/** Name of the text in findings, which is no file. */
export const expressionFile = 'expression';

/**
 * Evaluates a bare expression, one `${{ }}` around it, or text with several, which is a template. Never throws for what
 * the user wrote.
 */
export function evaluateText(text: string, scope: Scope): Evaluated {
  const at = placeOf(text);
  const template = text.trim();
  try {
    const bare = parseExpression(text, at);
    if (bare.ok) return { ok: true, value: evaluate(bare.value, scope) };
    if (!text.includes('${{')) return bare;
    const parts = parseTemplate(text, at);
    return parts.ok ? { ok: true, value: evaluateTemplate(template, at, scope) } : parts;
  } catch (error) {
    if (error instanceof CodedError) return { ok: false, findings: [{ ...error.toFinding(), at }] };
    throw error;
  }
}

function placeOf(text: string): Span {
  const width = text.split('\n', 1)[0]?.length ?? 0;
  return {
    file: expressionFile,
    start: { line: 1, column: 1 },
    end: { line: 1, column: 1 + width },
  };
}

/** A value as JSON on one line. NaN and the infinities, which JSON lacks, are the texts "NaN", "Infinity", "-Infinity". */
export function jsonLine(value: Value): string {
  if (Array.isArray(value)) return `[${Array.from(value, jsonLine).join(',')}]`;
  if (value instanceof ObjectValue) {
    const members = value.entries().map(([key, member]) => `${JSON.stringify(key)}:${jsonLine(member)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  return JSON.stringify(value);
}
