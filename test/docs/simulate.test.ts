import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { allCells, bad, good, heldAt, play, rates, type Cell } from '../../scripts/judge-table/cells.ts';
import { tablePage } from '../../scripts/judge-table/page.ts';
import { runInWorld } from '../../src/cli/testing/world.ts';
import { blocksOf } from './pages.ts';

describe('docs/simulate.md', () => {
  const blocks = blocksOf('docs/simulate.md');

  test('shows what its command prints', async () => {
    const words =
      blocks
        .find(({ language }) => language === 'sh')
        ?.text.trim()
        .split(' ')
        .slice(1) ?? [];
    const { out } = await runInWorld(words, '/nowhere');
    expect(out.replace('app/production', 'shop/production')).toBe(
      blocks.find(({ info }) => info === 'simulated')?.text,
    );
  });
});

describe('docs/judge-table.md', () => {
  const page = readFileSync('docs/judge-table.md', 'utf8');
  const [, counted = '', seed = ''] =
    /Each number is of ([\d,]+) rollouts, .* from seed (\d+)/.exec(page) ?? [];
  const repetition = { rollouts: Number(counted.replaceAll(',', '')), seed: Number(seed) };

  /** Rows as their cells' texts. */
  const rowsOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('|') && !/^\| (?:Traffic|Candidate|-+|:?-+:?) /.test(line))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .join('|'),
      );

  test('has a row for every cell', () => {
    expect(rowsOf(page)).toHaveLength(allCells().length);
  });

  test('promises what it shows: no kind of good candidate is taken back once in a hundred times', () => {
    const goods = page.slice(page.indexOf('## Good'), page.indexOf('## Bad'));
    const highs = [...goods.matchAll(/\*\*[\d.]+ %\*\* \([\d.]+–([\d.]+)\)/g)].map(([, high]) =>
      Number(high),
    );
    expect(highs).toHaveLength(2 * 7 * rates.length);
    expect(Math.max(...highs)).toBeLessThan(1);
  });

  test('has no bad candidate that takes twice as many sessions as the bound', () => {
    const held = page.slice(page.indexOf('## Sessions until'));
    const times = [...held.matchAll(/ (\d\.\d\d) \|/g)].map(([, ratio]) => Number(ratio));
    expect(times).toHaveLength(bad.length * heldAt.length * rates.length);
    expect(Math.max(...times)).toBeLessThan(2);
  });

  test('is what the script makes, looked at in the quickest cells', () => {
    const cells = [good, ...bad].map((candidate): Cell => ({
      of: 'rollouts',
      setting: 'default',
      kind: 'bad sessions of 20 requests',
      rate: 10,
      candidate,
    }));
    const again = tablePage(
      cells.map((cell) => ({ cell, played: play(cell, repetition) })),
      repetition,
    );
    const rows = rowsOf(page);
    expect(rowsOf(again)).toHaveLength(cells.length);
    for (const row of rowsOf(again)) expect(rows).toContain(row);
  });
});
