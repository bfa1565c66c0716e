import { evaluateTemplateToString, type Scope } from '../expressions/index.ts';
import type { MatrixInstance } from './matrix.ts';
import type { Job } from './model.ts';

/** GitHub's limit, in characters. */
const longestName = 100;

/**
 * What people see a job called: its evaluated `name`, or its id; with the matrix values behind it unless the name is
 * made by an expression.
 *
 * @param scope - Sees `matrix` too; without one, a name with expressions is shown as written.
 * @throws CodedError as `evaluateTemplate` does.
 */
export function jobDisplayName(job: Job, instance?: Pick<MatrixInstance, 'suffix'>, scope?: Scope): string {
  const suffix = instance?.suffix ?? '';
  if (!job.name) return shortened(job.id + suffix);
  if (!job.name.text.includes('${{')) return shortened(job.name.text + suffix);
  if (!scope) return shortened(job.name.text);
  const name = evaluateTemplateToString(job.name.text, job.name.at, scope).trim();
  return shortened(name === '' ? job.id + suffix : name);
}

function shortened(name: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 3)}...`;
}
