import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Control } from './control.ts';
import type { JobSpec } from './spec.ts';

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
  const spec = JSON.parse(readFileSync(join(jobDirectory, 'spec.json'), 'utf8')) as JobSpec;
  // A third of a second less for every job; beside the tools, where only Slipway's own user writes.
  enableCompileCache(join(spec.directories.tools, 'compile-cache'));
  const { runJob } = await import('./job-worker.ts');
  await runJob(spec, jobDirectory, control);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(3);
}
