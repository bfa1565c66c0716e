import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rooms } from '../house.ts';

/*
 * Proves that the rules of the house bite: every room of house.ts exists with its face and its README, the linter sees
 * its files, and a deliberately wrong house (test/house/wrong) fails on every line that says "wrong".
 */
const problems: string[] = [];

for (const { name } of rooms) {
  for (const file of ['index.ts', 'README.md']) {
    if (!readdirSync(`src/${name}`).includes(file)) problems.push(`src/${name} has no ${file}`);
  }
}
const unknown = readdirSync('src').filter((name) => !rooms.some((room) => room.name === name));
for (const name of unknown) problems.push(`src/${name} is no room of house.ts`);

const seen = spawnSync('oxlint', ['src'], { encoding: 'utf8' }).stdout;
const files = Number(/ on (\d+) files/.exec(seen)?.[1] ?? 0);
if (files === 0) problems.push('the linter saw no file of src/');

const copy = mkdtempSync(join(tmpdir(), 'slipway-house-'));
try {
  for (const file of ['oxlint.config.ts', 'house.ts', 'tsconfig.json', 'package.json'])
    cpSync(file, join(copy, file));
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(copy, 'src'));
  cpSync('test/house/wrong', join(copy, 'src'), { recursive: true });
  const { stdout } = spawnSync('oxlint', ['-f', 'unix', 'src'], { cwd: copy, encoding: 'utf8' });
  for (const [file, line, what] of [
    ['src/flow/wrong.ts', 1, 'an engine imports the server'],
    ['src/flow/wrong.ts', 2, 'a pure room imports node:fs'],
    ['src/flow/wrong.ts', 3, 'a room is entered beside its index.ts'],
    ['src/flow/wrong.ts', 4, 'a pure room reads the clock'],
    ['src/flow/wrong.ts', 5, 'a pure room throws dice'],
    ['src/traffic/wrong.ts', 1, 'an adapter imports another adapter'],
    ['src/runs/one.ts', 1, 'two files import each other'],
  ] as const) {
    if (!stdout.includes(`${file}:${line}:`))
      problems.push(`the linter does not mind that ${what} (${file}:${line})`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}

for (const problem of problems) console.error(`house: ${problem}`);
if (problems.length > 0) process.exit(1);
console.log(`house: ${rooms.length} rooms, ${files} files, and the wrong house fails as it must`);
