import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { CodedError } from '../diagnostics/index.ts';

/** What one git command did. A code other than 0 is not yet an error: many commands answer with it. */
export interface GitOutput {
  code: number;
  stdout: Buffer;
  stderr: string;
}

interface GitCommand {
  /** Folder to run in, or the bare repository. */
  directory: string;
  args: string[];
  input?: string;
  /** Open file that takes stdout instead of memory. */
  outputTo?: number;
  /** Added to the clean environment, such as GIT_INDEX_FILE. */
  env?: Record<string, string>;
  /** Settings for this command alone, as `key=value`. */
  settings?: string[];
}

/** Hooks and watchers of a repository are programs of its own; reading a repository must not run them. */
const harmless = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'gc.auto=0', 'maintenance.auto=false'];

/**
 * Runs git and collects its output.
 *
 * @throws CodedError `source/no-git` when git is not installed.
 */
export async function runGit(command: GitCommand): Promise<GitOutput> {
  const settings = [...harmless, ...(command.settings ?? [])].flatMap((setting) => ['-c', setting]);
  return await new Promise((resolve, reject) => {
    const child = spawn('git', [...settings, ...command.args], {
      cwd: command.directory,
      env: { ...cleanEnvironment(), ...command.env },
      stdio: ['pipe', command.outputTo ?? 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    // git may end without reading its input; its exit code says why.
    child.stdin?.on('error', () => {});
    child.once('error', (cause: NodeJS.ErrnoException) => reject(notStarted(cause, command.directory)));
    child.once('close', (code) =>
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
    child.stdin?.end(command.input ?? '');
  });
}

/** Runs git and returns its output as text without the final newline; any other exit code than 0 is thrown. */
export async function git(command: GitCommand): Promise<string> {
  const output = await runGit(command);
  if (output.code !== 0) throw gitFailed(command.args, output);
  return output.stdout.toString().replace(/\n$/, '');
}

/** The error of a git command that should have worked. */
export function gitFailed(args: string[], output: Pick<GitOutput, 'code' | 'stderr'>): CodedError {
  const notes = output.stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('hint:'))
    .slice(-8)
    .map((line) => `git: ${line}`);
  if (/No space left on device|Disk quota exceeded/.test(output.stderr)) {
    return new CodedError('source/disk-full', 'no space left for git to write; nothing was changed', {
      notes,
      help: 'free some space ("df -h" shows where), then try again',
    });
  }
  return new CodedError('source/git-failed', `git ${args[0]} ended with exit code ${output.code}`, {
    notes,
    help: 'see what git says; "git fsck" checks the repository',
  });
}

/** Everything that git needs of our environment; no GIT_* of a surrounding hook or shell, no prompt, no pager. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && /^(PATH|HOME|USER|TMPDIR|XDG_CONFIG_HOME|SUDO_UID)$/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_PAGER: 'cat',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
}

function notStarted(cause: NodeJS.ErrnoException, directory: string): CodedError {
  if (cause.code !== 'ENOENT') {
    return new CodedError('source/git-failed', `git could not be started: ${cause.message}`, { cause });
  }
  if (!existsSync(directory)) {
    return new CodedError('source/no-folder', `there is no folder ${directory}`, {
      help: 'name a folder that exists, in a git repository',
      cause,
    });
  }
  return new CodedError('source/no-git', 'git is not installed on this machine', {
    help: 'install it, on Debian and Ubuntu with "sudo apt-get install git"',
    cause,
  });
}
