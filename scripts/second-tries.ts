import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, TestCase } from 'vitest/node';

const mostLines = 4;

/**
 * Tells which tests failed and passed when they were run once more, with the first lines of what they failed with, in the
 * file that SLIPWAY_SECOND_TRIES names. A busy machine may have caused it, or a fault that shows itself rarely.
 */
export default class SecondTries implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const file = process.env['SLIPWAY_SECOND_TRIES'];
    if (file === undefined || test.diagnostic()?.flaky !== true) return;
    const error = test.result().errors?.[0]?.message ?? 'no error was kept';
    const lines = stripVTControlCharacters(error).split('\n').slice(0, mostLines);
    const name = `${relative('.', test.module.moduleId)} > ${test.fullName}`;
    appendFileSync(file, [`PASSED AT THE SECOND TRY: ${name}`, ...lines].join('\n    ') + '\n');
  }
}
