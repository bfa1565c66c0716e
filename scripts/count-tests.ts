import { failuresOf, readReport } from './test-report.ts';

/* `node scripts/count-tests.ts REPORT` prints how many tests passed and how many failed, as two numbers. */
const files = readReport(process.argv[2] ?? '')?.testResults ?? [];
const passed = files.flatMap((file) => file.assertionResults.filter(({ status }) => status === 'passed'));
console.log(passed.length, files.flatMap(failuresOf).length);
