import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** What vitest's JSON reporter writes, as far as it is read here. Names of files are absolute. */
export interface TestReport {
  testResults: TestFile[];
}

export interface TestFile {
  name: string;
  status: string;
  /** Of a file that could not be run at all. */
  message: string;
  startTime: number;
  endTime: number;
  assertionResults: TestResult[];
}

export interface TestResult {
  ancestorTitles: string[];
  title: string;
  status: string;
  failureMessages: string[];
}

/** Null for a report that is not there: its run ended before it could write it. */
export function readReport(path: string): TestReport | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TestReport) : null;
}

export interface Failure {
  /** The file, from the folder of the project, and the titles down to the test. */
  test: string;
  error: string;
}

/** The tests of a file that failed, or the file itself when it could not be run at all. */
export function failuresOf({ name, status, message, assertionResults }: TestFile): Failure[] {
  const failed = assertionResults.filter((test) => test.status === 'failed');
  if (failed.length === 0) return status === 'failed' ? [failure([name], message)] : [];
  return failed.map(({ ancestorTitles, title, failureMessages }) =>
    failure([name, ...ancestorTitles, title], failureMessages.join('\n')),
  );
}

function failure([file = '', ...titles]: string[], error: string): Failure {
  return { test: [relative('.', file), ...titles].join(' > '), error: stripVTControlCharacters(error) };
}

/** The failure's name and the first lines of its error, as lines of a log. */
export function told(what: string, { test, error }: Failure, mostLines: number): string {
  return [`${what}: ${test}`, ...error.split('\n').slice(0, mostLines)].join('\n    ');
}
