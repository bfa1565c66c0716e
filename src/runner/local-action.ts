import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CodedError, renderFindings } from '../diagnostics/index.ts';
import { parseAction, type ActionFile } from '../workflow/index.ts';
import { dockerAction } from './action-reference.ts';

/**
 * Reads an action of the repository as it lies in the workspace now.
 *
 * @throws CodedError `runner/no-local-action`, `runner/bad-action`, `runner/docker-action`
 */
export function readLocalAction(uses: string, directory: string, workspace: string): ActionFile {
  const path = ['action.yml', 'action.yaml']
    .map((name) => join(directory, name))
    .find((file) => existsSync(file));
  if (path === undefined) throw noAction(uses, directory, workspace);
  const file = relative(workspace, path);
  const source = readFileSync(path, 'utf8');
  const parsed = parseAction(source, file);
  if (parsed.ok) return parsed.value;
  const text = renderFindings(parsed.findings, { sources: new Map([[file, source]]) });
  throw new CodedError('runner/bad-action', `the action "${uses}" cannot be read:\n${text}`);
}

function noAction(uses: string, directory: string, workspace: string): CodedError {
  if (existsSync(join(directory, 'Dockerfile'))) return dockerAction(uses);
  const place = relative(workspace, directory) || '.';
  return new CodedError('runner/no-local-action', `there is no action.yml or action.yaml in "${place}"`, {
    help: existsSync(join(workspace, '.git'))
      ? `commit it there, or mend the path in \`uses: ${uses}\``
      : 'run `actions/checkout` before: actions of the repository are read from the workspace',
  });
}
