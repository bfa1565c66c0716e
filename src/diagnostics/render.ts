import type { Finding, Span } from './finding.ts';

/** Text of the files that findings point into, by the path that their spans name. */
export type Sources = ReadonlyMap<string, string>;

interface RenderOptions {
  sources?: Sources;
  /** Whether to use ANSI colours; only ever true on a terminal. */
  color?: boolean;
}

const colours = { error: '31', warning: '33', note: '36' } as const;

/**
 * Prints one finding the way every part of Slipway does: code, message, place with its line, facts, help.
 *
 * @returns Text without a final newline.
 */
export function renderFinding(finding: Finding, options: RenderOptions = {}): string {
  const paint = (code: string, text: string) => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const lines = [
    `${paint(`1;${colours[finding.severity]}`, `${finding.severity}[${finding.code}]`)}: ${finding.message}`,
  ];
  const gutter = finding.at ? String(finding.at.start.line).length : 1;
  if (finding.at) lines.push(...excerpt(finding.at, gutter, options.sources));
  const pad = ' '.repeat(gutter);
  for (const note of finding.notes) lines.push(`${pad} = ${note}`);
  if (finding.help !== undefined) lines.push(`${pad} = ${paint('36', 'help')}: ${finding.help}`);
  return lines.join('\n');
}

/** Prints findings one under the other, errors as given, with an empty line between. */
export function renderFindings(findings: readonly Finding[], options: RenderOptions = {}): string {
  return findings.map((finding) => renderFinding(finding, options)).join('\n\n');
}

function excerpt(at: Span, gutter: number, sources: Sources | undefined): string[] {
  const pad = ' '.repeat(gutter);
  const place = `${pad}--> ${at.file}:${at.start.line}:${at.start.column}`;
  const line = sources?.get(at.file)?.split(/\r?\n/)[at.start.line - 1];
  if (line === undefined) return [place];
  const visible = line.replaceAll('\t', ' ');
  const end = at.end.line === at.start.line ? at.end.column : visible.length + 1;
  const width = Math.max(1, Math.min(end, visible.length + 1) - at.start.column);
  return [
    place,
    `${pad} |`,
    `${at.start.line} | ${visible}`,
    `${pad} | ${' '.repeat(at.start.column - 1)}${'^'.repeat(width)}`,
  ];
}
