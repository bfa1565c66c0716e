import type { Span } from '../diagnostics/index.ts';
import type { WorkflowFile } from './file.ts';

/** Ids of jobs and steps, as GitHub takes them. */
export const idPattern = /^(?!__)[a-z_][a-z0-9_-]{0,98}$/i;

/** Whether a job or a step may be called that; reports it if not. */
export function checkId(file: WorkflowFile, id: string, of: 'a job' | 'a step', at: Span): boolean {
  if (idPattern.test(id)) return true;
  const help = id.startsWith('__')
    ? 'ids that begin with __ belong to GitHub; take one of the two away'
    : 'start with a letter or _, and go on with letters, digits, - and _; at most 99';
  file.error('invalid-name', `"${id}" cannot be the id of ${of}`, at, { help });
  return false;
}
