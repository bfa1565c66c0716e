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
  // The cheap question first: most directories of a PATH do not have the program.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A shell that needs no template. */
interface KnownShell {
  /** Arguments; `{0}` is the script. */
  args: readonly string[];
  /** Of the script's file. */
  extension: string;
  /** What the script becomes in the file. */
  wrap?: (script: string) => string;
}

const known: Record<string, KnownShell> = {
  bash: { args: ['--noprofile', '--norc', '-e', '-o', 'pipefail', '{0}'], extension: '.sh' },
  sh: { args: ['-e', '{0}'], extension: '.sh' },
  python: { args: ['{0}'], extension: '.py' },
  pwsh: { args: ['-command', ". '{0}'"], extension: '.ps1', wrap: stopAtErrors },
};

/** They exist on Windows alone. */
const windowsOnly = ['cmd', 'powershell'];

/** PowerShell stops at an error, and ends as its last program did. */
function stopAtErrors(script: string): string {
  return [
    "$ErrorActionPreference = 'stop'",
    script,
    String.raw`if ((Test-Path -LiteralPath variable:\LASTEXITCODE)) { exit $LASTEXITCODE }`,
  ].join('\n');
}

/** How a script is run. */
export interface Shell {
  /** The program and its arguments; `{0}` is the script's file. */
  argv: readonly string[];
  /** Of the script's file; empty where a template names the program. */
  extension: string;
  /** What is written into the script's file. */
  contents(script: string): string;
}

/**
 * Finds out how a script is run, as GitHub's runner does.
 *
 * @param shell - As the workflow says, or null: bash with `-e`, or `sh -e` where there is no bash.
 * @throws CodedError `runner/no-shell`, `runner/unknown-shell`
 * @see https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstepsshell
 * @see https://github.com/actions/runner src/Runner.Worker/Handlers/ScriptHandler.cs
 */
export function findShell(shell: string | null, path: string | undefined): Shell {
  if (shell === null || shell.trim() === '') return unnamed(path);
  const [name = '', ...rest] = shell.trim().split(/\s+/);
  const knownShell = Object.hasOwn(known, name.toLowerCase()) ? known[name.toLowerCase()] : undefined;
  if (rest.length === 0 && windowsOnly.includes(name.toLowerCase())) throw notHere(name, path);
  const args = rest.length > 0 ? wordsOf(shell).slice(1) : knownShell?.args;
  if (!args?.some((word) => word.includes('{0}'))) throw notKnown(shell, path);
  return made([program(name, path), ...args], knownShell);
}

function unnamed(path: string | undefined): Shell {
  const bash = findOnPath('bash', path);
  return made([bash ?? program('sh', path), '-e', '{0}'], known['sh']);
}

function made(argv: string[], shell: KnownShell | undefined): Shell {
  return {
    argv,
    extension: shell?.extension ?? '',
    contents: (script) => {
      const text = shell?.wrap?.(script) ?? script;
      return text.endsWith('\n') ? text : `${text}\n`;
    },
  };
}

/** The command line for a script that lies in a file. */
export function shellArgv(shell: Shell, file: string): string[] {
  const [first = '', ...args] = shell.argv;
  return [first, ...args.map((word) => word.replaceAll('{0}', file))];
}

/** Cuts a template into words; quotes keep spaces, as in a command line. */
function wordsOf(template: string): string[] {
  const words: string[] = [];
  for (const [, word = ''] of template.matchAll(/((?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+)/g)) {
    words.push(
      word.replaceAll(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_all, double?: string, single?: string) =>
        double === undefined ? (single ?? '') : double.replaceAll(/\\(["\\])/g, '$1'),
      ),
    );
  }
  return words;
}

function program(name: string, path: string | undefined): string {
  const found = findOnPath(name, path);
  if (found !== null) return found;
  throw new CodedError('runner/no-shell', `the shell "${name}" is not on the job's PATH`, {
    notes: [here(path), `PATH: ${path ?? '(empty)'}`],
  });
}

function notHere(name: string, path: string | undefined): CodedError {
  return new CodedError('runner/no-shell', `the shell "${name}" exists on Windows only`, {
    notes: [here(path)],
  });
}

function notKnown(shell: string, path: string | undefined): CodedError {
  return new CodedError('runner/unknown-shell', `the shell "${shell}" is not known`, {
    notes: [
      `known: ${Object.keys(known).join(', ')}, or a command that holds {0}, such as "perl {0}"`,
      here(path),
    ],
  });
}

function here(path: string | undefined): string {
  const names = Object.keys(known).filter((name) => findOnPath(name, path) !== null);
  return `on this machine: ${names.length === 0 ? '(none)' : names.join(', ')}`;
}

/** Where a program on PATH really lies, links followed; null when there is none. */
export function programRealPath(program: string, path: string | undefined): string | null {
  const found = findOnPath(program, path);
  return found === null ? null : realpathSync(found);
}
