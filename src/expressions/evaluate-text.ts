import { CodedError, type Result, type Span } from '../diagnostics/index.ts';
import { coerceToString, truthy } from './coerce.ts';
import { evaluate } from './evaluate.ts';
import { limited } from './functions.ts';
import { locate, mistake } from './locate.ts';
import { usesStatus } from './names.ts';
import { parseExpression } from './parse.ts';
import type { Scope } from './scope.ts';
import type { Expression } from './syntax.ts';
import { parseTemplate, splitTemplate } from './template.ts';
import type { Value } from './value.ts';

/**
 * Evaluates text that may hold `${{ }}`. Text that is exactly one `${{ }}` keeps its type; all else is text.
 *
 * @throws CodedError as `evaluate` does, and with the first finding's code where the text does not parse.
 */
export function evaluateTemplate(text: string, at: Span, scope: Scope): Value {
  const parts = unwrap(parseTemplate(text, at));
  const only = parts[0];
  if (parts.length === 1 && only?.kind === 'expression') return evaluate(only.expression, scope);
  let joined = '';
  for (const part of parts) {
    const piece = part.kind === 'text' ? part.text : coerceToString(evaluate(part.expression, scope));
    joined = limited(joined + piece);
  }
  return joined;
}

/** Like `evaluateTemplate`, always as text. */
export function evaluateTemplateToString(text: string, at: Span, scope: Scope): string {
  return coerceToString(evaluateTemplate(text, at, scope));
}

/**
 * Parses an `if`, with or without `${{ }}` around it. Empty text is null: it means `success()`.
 *
 * Text beside a `${{ }}` is refused: GitHub makes one text of it, which is always true.
 */
export function parseCondition(text: string, at: Span): Result<Expression | null> {
  if (text.trim() === '') return { ok: true, value: null, warnings: [] };
  const raw = splitTemplate(text).filter((part) => part.kind === 'expression' || part.text.trim() !== '');
  const [first] = raw;
  if (raw.length === 1 && first?.kind === 'expression' && first.closed) {
    return parseExpression(first.text, locate(at, text, first.from, first.to));
  }
  if (raw.every((part) => part.kind === 'text')) return parseExpression(text, at);
  const message = 'this condition has text beside its ${{ }}, which makes it a text that is always true';
  const help = 'write the whole condition without ${{ }}, or inside one';
  return { ok: false, findings: [mistake('always-true', message, at, { help })] };
}

/**
 * Decides an `if`. Without a status function in it, it means `success() && (…)`.
 *
 * @throws CodedError as `evaluateTemplate` does; also `expressions/unavailable-function` when `scope.status` is absent.
 */
export function evaluateCondition(text: string, at: Span, scope: Scope): boolean {
  const expression = unwrap(parseCondition(text, at));
  if (expression && usesStatus(expression)) return truthy(evaluate(expression, scope));
  if (!scope.status) {
    throw new CodedError('expressions/unavailable-function', 'a condition needs to know how the job stands');
  }
  if (!scope.status.success()) return false;
  return expression === null || truthy(evaluate(expression, scope));
}

function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  const [first] = result.findings;
  if (!first) throw new Error('a failed result always has a finding');
  const { line, column } = first.at?.start ?? { line: 1, column: 1 };
  const place = first.at ? `${first.at.file}:${line}:${column}: ` : '';
  throw new CodedError(first.code, place + first.message, {
    notes: first.notes,
    ...(first.help === undefined ? {} : { help: first.help }),
  });
}
