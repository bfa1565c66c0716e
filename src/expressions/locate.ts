import type { ExpressionCode } from './codes.ts';
import type { Finding, Span } from '../diagnostics/index.ts';

/**
 * The place of a stretch of text whose own place is `at`.
 *
 * Exact when `at` covers the text one to one on one line; otherwise all of `at`, because escapes or folding hide
 * where the stretch stands.
 */
export function locate(at: Span, text: string, from: number, to: number): Span {
  const oneToOne = at.start.line === at.end.line && at.end.column - at.start.column === text.length;
  if (!oneToOne) return at;
  const { line, column } = at.start;
  return { file: at.file, start: { line, column: column + from }, end: { line, column: column + to } };
}

/** The stretch from the start of one place to the end of another. */
export function across(from: Span, to: Span): Span {
  return { file: from.file, start: from.start, end: to.end };
}

/** A finding of this room. */
export function mistake(
  code: ExpressionCode,
  message: string,
  at: Span,
  extra: { notes?: string[]; help?: string | undefined } = {},
): Finding {
  const finding: Finding = {
    code: `expressions/${code}`,
    severity: 'error',
    message,
    at,
    notes: extra.notes ?? [],
  };
  return extra.help === undefined ? finding : { ...finding, help: extra.help };
}
