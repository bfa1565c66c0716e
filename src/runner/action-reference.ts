import { resolve } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { builtInAction, builtInActions, type BuiltInAction } from '../workflow/index.ts';
import { isLocalAction } from './step-definition.ts';

/** What a step's `uses` means on this machine. */
export type ActionReference =
  { kind: 'built-in'; action: BuiltInAction } | { kind: 'local'; directory: string };

/**
 * Finds what `uses` means. Nothing is ever downloaded.
 *
 * @throws CodedError `runner/unknown-action`, `runner/docker-action`
 */
export function actionReference(uses: string, workspace: string): ActionReference {
  if (isLocalAction(uses)) return { kind: 'local', directory: resolve(workspace, uses.replace(/^\$/, '.')) };
  if (uses.startsWith('docker://')) throw dockerAction(uses);
  const found = builtInAction(uses);
  if (found) return { kind: 'built-in', action: found.action };
  const known = Object.values(builtInActions).map(({ name, versions }) => `${name}@v${versions.at(-1)}`);
  throw new CodedError('runner/unknown-action', `the action "${uses}" is not on this machine`, {
    notes: [`built in: ${known.join(', ')}`],
    help: 'copy the action into the repository and name it by its path, such as ./actions/x, or do its work in a `run:` step',
  });
}

/** Why an action that wants a container does not run. */
export function dockerAction(uses: string): CodedError {
  return new CodedError(
    'runner/docker-action',
    `the action "${uses}" runs in a container, and jobs here run on the machine itself`,
    { help: 'run the tool in a `run:` step, or make the action a composite or a JavaScript one' },
  );
}
