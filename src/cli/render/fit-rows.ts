import type { Standing } from './marks.ts';

/** A line with how what it tells stands, which decides when it gives way. */
export interface ScreenLine {
  text: string;
  /** `detail` belongs to the line above and goes first. */
  standing: Standing | 'head' | 'detail';
}

/** Takes out settled lines from the top, then waiting ones from the bottom, and says how many. */
export function fitRows(lines: readonly ScreenLine[], rows: number): string[] {
  const surplus = lines.length - rows;
  if (surplus <= 0) return lines.map(({ text }) => text);
  const order: ScreenLine['standing'][] = ['detail', 'skipped', 'good', 'waiting', 'head', 'active', 'bad'];
  const byImportance = lines
    .map((line, index) => ({ line, index }))
    .filter(({ index }) => index > 0)
    .sort((a, b) => order.indexOf(a.line.standing) - order.indexOf(b.line.standing) || a.index - b.index);
  // One more than the surplus makes room for the line that says so.
  const hidden = byImportance.slice(0, surplus + 1);
  const gone = new Set(hidden.map(({ line }) => line));
  const count = (standing: Standing) => hidden.filter(({ line }) => line.standing === standing).length;
  const told = [
    [count('good'), 'done'],
    [count('waiting'), 'waiting'],
    [count('skipped'), 'skipped'],
    [count('active'), 'running'],
    [count('bad'), 'failed'],
  ] as const;
  const text = told.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return [
    ...lines.filter((line) => !gone.has(line)).map((line) => line.text),
    `  … and ${text.join(', ') || 'more'}`,
  ];
}
