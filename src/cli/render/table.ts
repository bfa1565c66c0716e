import { pad, paint, widthOf, type Look } from './text.ts';

/** Rows of named cells. Columns without any text are left out. */
export interface Table {
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Aligned columns; where they do not fit, one block a row with a line for each cell. */
export function renderTable({ heads, rows }: Table, look: Look): string[] {
  const used = heads
    .map((_, column) => column)
    .filter((column) => rows.some((row) => (row[column] ?? '') !== ''));
  const cells = [heads, ...rows].map((row) => used.map((column) => row[column] ?? ''));
  const widths = used.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  const total = widths.reduce((sum, width) => sum + width + gap.length, -gap.length);
  if (total > look.columns) return blocks(cells, look);
  return cells.map((row, index) => {
    const line = row.map((cell, column) => pad(cell, widths[column] ?? 0)).join(gap);
    return index === 0 ? paint(look, 'dim', line.trimEnd()) : line.trimEnd();
  });
}

const gap = '  ';

function blocks([heads = [], ...rows]: string[][], look: Look): string[] {
  const widest = Math.max(...heads.slice(1).map(widthOf), 0);
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : ['']),
    paint(look, 'bold', row[0] ?? ''),
    ...row
      .slice(1)
      .flatMap((cell, column) =>
        cell === ''
          ? []
          : [`  ${paint(look, 'dim', pad(heads[column + 1]?.toLowerCase() ?? '', widest))}  ${cell}`],
      ),
  ]);
}
