import type { WorkflowVariables } from '../app/index.ts';
import { LocalMistakes } from './mistakes.ts';
import type { WorkflowFiles } from './workflow-files.ts';

const file = 'slipway.yml';

/**
 * What jobs see as `vars`: those of slipway.yml, as on a server, and over all of them those of the command line.
 *
 * @throws LocalMistakes when slipway.yml has `vars` and cannot be read.
 */
export async function readVariables(
  { read }: WorkflowFiles,
  given: Record<string, string>,
): Promise<WorkflowVariables> {
  const text = await read(file);
  // Most repositories have none, and what reads slipway.yml takes its time to load.
  if (text === null || !/\bvars["']?\s*:/.test(text)) return { vars: given, environmentVars: {} };
  const { parseVariables } = await import('../app/index.ts');
  const parsed = parseVariables({ file, text });
  if (!parsed.ok) throw new LocalMistakes(parsed.findings, { [file]: text });
  const { vars, environmentVars } = parsed.value;
  return {
    vars: { ...vars, ...given },
    environmentVars: Object.fromEntries(
      Object.entries(environmentVars).map(([name, own]) => [name, { ...own, ...given }]),
    ),
  };
}
