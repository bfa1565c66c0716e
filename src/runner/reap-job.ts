import { endTracked } from './process-tree.ts';
import { readReport } from './job-directory.ts';

/** Ends what the steps of a job left running after its worker died. Repeating it is harmless. */
export async function reapJob(jobDirectory: string): Promise<number> {
  const report = await readReport(jobDirectory);
  return report ? endTracked(report.trackingId) : 0;
}
