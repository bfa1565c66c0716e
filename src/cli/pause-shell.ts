import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunControls } from '../local/index.ts';
import type { CliContext } from './context.ts';
import { harmless, paint } from './render/text.ts';
import { outLook } from './context.ts';
import { print } from './terminal.ts';

type Ask = NonNullable<RunControls['onFailedStep']>;
/** Of what the step said. */
const shownLines = 10;

type Failed = Parameters<Ask>[0];

/**
 * Opens a shell in the state of each failed step: its folder, its environment, its command files. Several jobs that fail
 * at once wait for each other. Exit code 0 retries the step, any other gives it up.
 *
 * @param screen - The drawing that must make room meanwhile.
 */
export function pauseShell(
  context: CliContext,
  screen: { suspend: () => void; resume: () => void },
  signal: AbortSignal,
): Ask {
  let last: Promise<unknown> = Promise.resolve();
  // A step that uses an action fails because a step of that action did, and that one has been looked at.
  const givenUp = new Set<string>();
  const ask = async (failed: Failed): Promise<'retry' | 'go-on'> => {
    const key = `${failed.jobName}/${failed.stepIndex}`;
    if (signal.aborted || givenUp.has(key)) return 'go-on';
    screen.suspend();
    try {
      const code = await openShell(context, failed);
      if (code !== 0) givenUp.add(key);
      return code === 0 ? 'retry' : 'go-on';
    } finally {
      screen.resume();
    }
  };
  return (failed) => {
    const answer = last.then(() => ask(failed));
    last = answer.catch(() => {});
    return answer;
  };
}

async function openShell(context: CliContext, failed: Failed): Promise<number> {
  const look = outLook(context);
  const where = `${failed.jobName} › ${failed.name}`;
  print(context.out, [
    '',
    paint(look, ['bold', 'red'], `✗ ${harmless(where)}`),
    ...failed.lastLines
      .slice(-shownLines)
      .map((line) => `  ${paint(look, 'dim', '│')} ${harmless(line)}`.trimEnd()),
    ...failed.message.split('\n').map((line) => `  ${harmless(line)}`),
    '',
    'This shell is in the state of the step.',
    `  ${paint(look, 'cyan', 'retry')}    runs the step again (exit 0)`,
    `  ${paint(look, 'cyan', 'give-up')}  leaves it failed (exit 1)`,
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-shell-'));
  try {
    const file = join(folder, 'bashrc');
    await writeFile(file, rcFile(where));
    const child = spawn('bash', ['--noprofile', '--rcfile', file, '-i'], {
      cwd: failed.cwd,
      env: { ...failed.env, TERM: context.env.TERM ?? 'dumb' },
      stdio: 'inherit',
    });
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rcFile(where: string): string {
  const shown = where.replaceAll(/[^\p{L}\p{N} ›.,:/()_-]/gu, '');
  return [
    String.raw`PS1='\[\e[33m\](${shown})\[\e[0m\] \W \$ '`.replace('${shown}', shown),
    'retry() { exit 0; }',
    'give-up() { exit 1; }',
    'unset HISTFILE',
    '',
  ].join('\n');
}
