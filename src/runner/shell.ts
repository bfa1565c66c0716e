import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';

/** Finds a program as a shell would, or null. */
export function findOnPath(program: string, path: string | undefined): string | null {
  if (isAbsolute(program)) return isExecutable(program) ? program : null;
  for (const directory of (path ?? '').split(delimiter)) {
    const candidate = directory === '' ? null : join(directory, program);
    if (candidate !== null && isExecutable(candidate)) return candidate;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The command line that runs a script file.
 *
 * @param shell - As the workflow says, or null: bash with `-e`, or `sh -e` where there is no bash.
 * @throws CodedError `runner/no-shell` or `runner/unknown-shell`.
 * @see https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstepsshell
 */
export function shellArgv(shell: string | null, script: string, path: string | undefined): string[] {
  if (shell === null) {
    const bash = findOnPath('bash', path);
    return bash === null ? [program('sh', path), '-e', script] : [bash, '-e', script];
  }
  if (shell === 'bash') {
    return [program('bash', path), '--noprofile', '--norc', '-e', '-o', 'pipefail', script];
  }
  if (shell === 'sh') return [program('sh', path), '-e', script];
  const words = shell.split(/\s+/).filter((word) => word !== '');
  const [first] = words;
  if (first === undefined || !words.some((word) => word.includes('{0}'))) {
    throw new CodedError('runner/unknown-shell', `the shell "${shell}" is not known`, {
      notes: ['known: bash, sh, or a command that holds {0}, such as "perl {0}"'],
    });
  }
  return [program(first, path), ...words.slice(1).map((word) => word.replaceAll('{0}', script))];
}

function program(name: string, path: string | undefined): string {
  const found = findOnPath(name, path);
  if (found !== null) return found;
  throw new CodedError('runner/no-shell', `the shell "${name}" is not on the job's PATH`, {
    notes: [`PATH: ${path ?? '(empty)'}`],
  });
}

/** Where a program on PATH really lies, links followed; null when there is none. */
export function programRealPath(program: string, path: string | undefined): string | null {
  const found = findOnPath(program, path);
  return found === null ? null : realpathSync(found);
}
