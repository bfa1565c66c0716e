import { existsSync } from 'node:fs';
import { CodedError } from '../../diagnostics/index.ts';
import type { ActionContext } from '../action.ts';

/** Runs git in a work tree, or with `-C` elsewhere. Asks nobody; its failure is a throw with what it said. */
export type Git = (...args: string[]) => Promise<string>;

/** Git in a directory, which need not exist yet. */
export function gitIn(context: ActionContext, directory: string): Git {
  return async (...args) => {
    const end = await context.run(['git', ...args], {
      cwd: existsSync(directory) ? directory : context.spec.directories.workspace,
      env: { ...context.env, GIT_TERMINAL_PROMPT: '0' },
      quiet: true,
    });
    if (end.code === 0) return end.stdout;
    throw new CodedError('runner/checkout', `git ${args.join(' ')} failed: ${end.stdout.trim()}`);
  };
}
