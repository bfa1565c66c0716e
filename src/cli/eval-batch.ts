import { CodedError, type Finding } from '../diagnostics/index.ts';
import { ObjectValue, readJson, type Value } from '../expressions/index.ts';
import { scopeOf, type HashFiles } from './eval-scope.ts';
import { evaluateText, jsonLine } from './eval-text.ts';

/**
 * Answers one line of `slipway eval --stdin`: `{"expr": "…", "contexts": {…}}` gives `{"value": …}`, anything wrong
 * gives `{"error": "…"}`. Never throws.
 *
 * @param base - Contexts of `--context`; those of the line take their place.
 */
export function answerLine(line: string, base: readonly ObjectValue[], hashFiles?: HashFiles): string {
  const question = readQuestion(line);
  if (typeof question === 'string') return errorLine(question);
  const { expr, contexts } = question;
  const evaluated = evaluateText(expr, scopeOf([...base, ...contexts], hashFiles));
  if (evaluated.ok) return `{"value":${jsonLine(evaluated.value)}}`;
  return errorLine(evaluated.findings.map(sentenceOf).join('; '));
}

interface Question {
  expr: string;
  contexts: ObjectValue[];
}

function readQuestion(line: string): Question | string {
  let value: Value;
  try {
    value = readJson(line, { caseSensitive: true });
  } catch (error) {
    return error instanceof CodedError ? error.message : 'this line is not JSON';
  }
  if (!(value instanceof ObjectValue)) return 'this line is not a JSON object';
  const expr = value.get('expr');
  if (typeof expr !== 'string') return 'this line has no text under "expr"';
  const contexts = value.get('contexts') ?? null;
  if (contexts === null) return { expr, contexts: [] };
  return contexts instanceof ObjectValue ? { expr, contexts: [contexts] } : '"contexts" is not an object';
}

function errorLine(text: string): string {
  return JSON.stringify({ error: text });
}

function sentenceOf({ message, help, at }: Finding): string {
  const column = at && at.start.column > 1 ? ` (column ${at.start.column})` : '';
  return `${message}${column}${help === undefined ? '' : `; ${help}`}`;
}

/**
 * Cuts a stream into lines, a batch of whole ones for each chunk that comes, so that nothing waits for more input.
 * Empty lines are left out.
 */
export async function* lineBatches(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  for await (const chunk of stream) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    if (lines.length > 0) {
      lines[0] = rest.join('') + (lines[0] ?? '');
      rest = [];
      yield lines.filter((line) => line.trim() !== '');
    }
    rest.push(last);
  }
  const line = rest.join('') + decoder.decode();
  if (line.trim() !== '') yield [line];
}
