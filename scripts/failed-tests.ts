import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/*
 * Names what failed in runs of vitest, each with the first lines of its error, and the files that took longest:
 * `node scripts/failed-tests.ts REPORT...`, where a report is what the JSON reporter wrote. One that is not there is of
 * a run that ended before it could write it.
 */
interface Report {
  testResults: {
    name: string;
    status: string;
    /** Of a file that could not be run at all. */
    message: string;
    startTime: number;
    endTime: number;
    assertionResults: {
      ancestorTitles: string[];
      title: string;
      status: string;
      failureMessages: string[];
    }[];
  }[];
}

const mostLines = 8;
const slowest = 8;

const files = process.argv.slice(2).flatMap((path) => {
  if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as Report).testResults;
  console.log(`FAILED: the run that was to write ${path} has not come to its end`);
  return [];
});
for (const { name, status, message, assertionResults } of files) {
  const failed = assertionResults.filter((one) => one.status === 'failed');
  for (const { ancestorTitles, title, failureMessages } of failed)
    tell([name, ...ancestorTitles, title], failureMessages.join('\n'));
  if (failed.length === 0 && status === 'failed') tell([name], message);
}
const byTime = files.toSorted((a, b) => b.endTime - b.startTime - (a.endTime - a.startTime));
const times = byTime
  .slice(0, slowest)
  .map((file) => `${relative('.', file.name)} ${Math.round((file.endTime - file.startTime) / 1000)} s`);
console.log(`longest: ${times.join(', ')}`);

function tell([file = '', ...titles]: string[], error: string): void {
  console.log(`FAILED: ${[relative('.', file), ...titles].join(' > ')}`);
  for (const line of stripVTControlCharacters(error).split('\n').slice(0, mostLines))
    console.log(`    ${line}`);
}
