import type { Finding } from '../diagnostics/index.ts';
import { checkCalls } from '../runs/index.ts';
import { parseWorkflow, type Workflow } from '../workflow/index.ts';
import { LocalMistakes } from './mistakes.ts';
import type { WorkflowFiles } from './workflow-files.ts';

/**
 * Every workflow of the repository that jobs of this one call, directly or not, by its path, such as `./.github/workflows/x.yml`.
 *
 * @throws LocalMistakes with all mistakes of those files and of the calls.
 */
export async function readCalled(
  workflow: Workflow,
  files: WorkflowFiles,
): Promise<Record<string, Workflow>> {
  const called: Record<string, Workflow> = {};
  const findings: Finding[] = [];
  const visit = async (caller: Workflow): Promise<void> => {
    for (const job of caller.jobs) {
      if (job.kind !== 'call') continue;
      const uses = job.uses.text.replace(/^\$\//, './');
      if (!uses.startsWith('./') || called[uses]) continue;
      const path = uses.slice(2);
      const text = await files.read(path);
      // That it is missing is told with the other mistakes of calls.
      if (text === null) continue;
      files.sources[path] = text;
      const parsed = parseWorkflow(text, path);
      if (!parsed.ok) findings.push(...parsed.findings);
      else {
        called[uses] = parsed.value;
        await visit(parsed.value);
      }
    }
  };
  await visit(workflow);
  const all = findings.length > 0 ? findings : checkCalls(workflow, called);
  if (all.length > 0) throw new LocalMistakes(all, files.sources);
  return called;
}
