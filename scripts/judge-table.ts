import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { allCells } from './judge-table/cells.ts';
import { tablePage } from './judge-table/page.ts';
import { playAll } from './judge-table/play-all.ts';

/*
 * Writes docs/judge-table.md: simulated rollouts, how many good candidates are taken back and how soon bad ones are
 * stopped, beside other tools' rules. `npm run judge-table`, with `-- --rollouts 200` for a first look, and
 * `--output FILE` to leave the page alone.
 */
const { values } = parseArgs({
  options: {
    rollouts: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string' },
  },
});
const repetition = { rollouts: Number(values.rollouts), seed: Number(values.seed) };
const cells = allCells();
const played = await playAll(cells, repetition, (count) =>
  process.stderr.write(`\r${count} of ${cells.length} cells`),
);
process.stderr.write('\n');

const page = tablePage(
  cells.map((cell, index) => ({ cell, played: played[index]! })),
  repetition,
);
const file = new URL('../docs/judge-table.md', import.meta.url);
const options = await resolveConfig(file);
writeFileSync(values.output ?? file, await format(page, { ...options, parser: 'markdown' }));
