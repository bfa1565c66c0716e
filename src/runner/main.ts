import { Control } from './control.ts';

/*
 * The job worker: `node main.ts <jobDirectory>`. SIGTERM, SIGINT and SIGHUP cancel the job; it then winds up by itself.
 * Handlers stand before anything else is loaded, so that an early signal is not lost.
 */
const control = new Control();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.on(signal, () => control.cancel('asked'));

const [jobDirectory] = process.argv.slice(2);
if (jobDirectory === undefined) {
  process.stderr.write('usage: main.ts <jobDirectory>\n');
  process.exit(2);
}
try {
  const { runJob } = await import('./job-worker.ts');
  await runJob(jobDirectory, control);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(3);
}
