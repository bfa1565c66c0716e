import type { Finding } from '../diagnostics/index.ts';
import { parseWorkflow, type Workflow } from '../workflow/index.ts';
import { LocalMistakes } from './mistakes.ts';
import type { WorkflowFiles } from './workflow-files.ts';

/**
 * Every workflow of the repository that jobs of this one call, directly or not, by `uses` as written.
 *
 * @throws LocalMistakes with all mistakes of those files, or for a file that is not there.
 */
export async function readCalled(
  workflow: Workflow,
  files: WorkflowFiles,
): Promise<Record<string, Workflow>> {
  const called: Record<string, Workflow> = {};
  const findings: Finding[] = [];
  const visit = async (caller: Workflow): Promise<void> => {
    for (const job of caller.jobs) {
      if (job.kind !== 'call' || !job.uses.text.startsWith('./') || called[job.uses.text]) continue;
      const path = job.uses.text.slice(2);
      const text = await files.read(path);
      if (text === null) {
        findings.push({
          code: 'local/no-called-workflow',
          severity: 'error',
          message: `job "${job.id}" calls ${job.uses.text}, which is not there`,
          at: job.uses.at,
          notes: [],
          help: 'write the path from the top of the repository: ./.github/workflows/<file>',
        });
        continue;
      }
      files.sources[path] = text;
      const parsed = parseWorkflow(text, path);
      if (!parsed.ok) findings.push(...parsed.findings);
      else {
        called[job.uses.text] = parsed.value;
        await visit(parsed.value);
      }
    }
  };
  await visit(workflow);
  if (findings.length > 0) throw new LocalMistakes(findings, files.sources);
  return called;
}
