import { relative } from 'node:path';
import { failuresOf, readReport, told } from './test-report.ts';

/*
 * Names what failed in runs of vitest, each with the first lines of its error, and the files that took longest:
 * `node scripts/failed-tests.ts REPORT...`, where a report is what the JSON reporter wrote.
 */
const mostLines = 8;
const slowest = 8;

const files = process.argv.slice(2).flatMap((path) => {
  const report = readReport(path);
  if (report === null) console.log(`FAILED: the run that was to write ${path} has not come to its end`);
  return report?.testResults ?? [];
});
for (const failure of files.flatMap(failuresOf)) console.log(told('FAILED', failure, mostLines));
const byTime = files.toSorted((a, b) => b.endTime - b.startTime - (a.endTime - a.startTime));
const times = byTime
  .slice(0, slowest)
  .map((file) => `${relative('.', file.name)} ${Math.round((file.endTime - file.startTime) / 1000)} s`);
console.log(`longest: ${times.join(', ')}`);
