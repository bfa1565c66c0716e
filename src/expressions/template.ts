import type { Finding, Result, Span } from '../diagnostics/index.ts';
import { locate, mistake } from './locate.ts';
import { parseExpression } from './parse.ts';
import type { Expression } from './syntax.ts';

/** A piece of a template: text as it is, or an expression to insert. */
export type TemplatePart = { kind: 'text'; text: string } | { kind: 'expression'; expression: Expression };

/** A piece before its expression is parsed. `from` and `to` count characters of the template. */
export type RawPart =
  | { kind: 'text'; text: string }
  | { kind: 'expression'; text: string; from: number; to: number; closed: boolean };

/**
 * Cuts a template at its `${{ }}`. A `}}` inside quotes does not close.
 *
 * Never fails: an expression that is not closed runs to the end and says so.
 */
export function splitTemplate(text: string): RawPart[] {
  const parts: RawPart[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf('${{', from);
    if (open === -1) break;
    if (open > from) parts.push({ kind: 'text', text: text.slice(from, open) });
    const close = closingAt(text, open + 3);
    const to = close ?? text.length;
    parts.push({
      kind: 'expression',
      text: text.slice(open + 3, to),
      from: open + 3,
      to,
      closed: close !== undefined,
    });
    from = close === undefined ? text.length : close + 2;
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) });
  return parts;
}

function closingAt(text: string, from: number): number | undefined {
  let quoted = false;
  for (let index = from; index < text.length; index++) {
    if (text[index] === "'") quoted = !quoted;
    else if (!quoted && text.startsWith('}}', index)) return index;
  }
  return undefined;
}

/** Parses text that may hold `${{ }}`. All mistakes in all its expressions are collected. */
export function parseTemplate(text: string, at: Span): Result<TemplatePart[]> {
  return parseParts(splitTemplate(text), (from, to) => locate(at, text, from, to));
}

/** Like `parseTemplate`, for text whose places only the caller can tell, such as a YAML block. */
export function parseParts(
  raw: RawPart[],
  place: (from: number, to: number) => Span,
): Result<TemplatePart[]> {
  const findings: Finding[] = [];
  const parts: TemplatePart[] = [];
  for (const part of raw) {
    if (part.kind === 'text') {
      parts.push(part);
      continue;
    }
    if (!part.closed) {
      findings.push(
        mistake('not-closed', '"${{" is never closed', place(part.from - 3, part.from), {
          help: 'close it with }}',
        }),
      );
      continue;
    }
    const parsed = parseExpression(part.text, place(part.from, part.to));
    if (parsed.ok) parts.push({ kind: 'expression', expression: parsed.value });
    else findings.push(...parsed.findings);
  }
  return findings.length > 0 ? { ok: false, findings } : { ok: true, value: parts, warnings: [] };
}
