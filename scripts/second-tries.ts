import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { failuresOf, readReport, told } from './test-report.ts';

/*
 * Runs the files of a vitest run again in which something failed, alone, and puts what they say now into its report:
 * `node scripts/second-tries.ts REPORT NAMES COMMAND...`. Whole files, since many tell one story, which cannot be begun in
 * its middle; alone, since a busy machine may have been the cause. What passes now is named in the file NAMES.
 * Ends with 1 when something still fails, and when more files failed than are run again, with those that NAMES has already.
 */
const mostFiles = 3;
const mostLines = 4;
const mark = 'PASSED AT THE SECOND TRY';

const [path = '', names = '', command = '', ...words] = process.argv.slice(2);
const all = readReport(path)?.testResults ?? [];
const failed = all.filter((file) => failuresOf(file).length > 0);
// A run that wrote nothing, or failed for another reason than its tests, is not made good by another one.
if (failed.length === 0) process.exitCode = 1;
else if (failed.length + namedFiles() > mostFiles) {
  console.log(
    `${failed.length} files failed, after ${namedFiles()} before; at most ${mostFiles} are run again`,
  );
  process.exitCode = 1;
} else process.exitCode = playAgain();

/** How many files of earlier runs passed at the second try. */
function namedFiles(): number {
  const lines = readFileSync(names, 'utf8').split('\n');
  return new Set(lines.filter((line) => line.startsWith(mark)).map((line) => line.split(' > ')[0])).size;
}

function playAgain(): number {
  const again = `${path}.again`;
  const files = failed.map(({ name }) => relative('.', name));
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${again}`];
  const run = spawnSync(command, [...words, '--maxWorkers=1', ...reporters, ...files], { stdio: 'inherit' });
  const second = readReport(again)?.testResults ?? failed;
  const results = all.map((file) => second.find(({ name }) => name === file.name) ?? file);
  writeFileSync(path, JSON.stringify({ testResults: results }));
  const still = new Set(second.flatMap(failuresOf).map(({ test }) => test));
  for (const failure of failed.flatMap(failuresOf).filter(({ test }) => !still.has(test)))
    appendFileSync(names, `${told(mark, failure, mostLines)}\n`);
  return run.status === 0 ? 0 : 1;
}
