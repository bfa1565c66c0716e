import { createContext, Script, type Context } from 'node:vm';

/** GitHub's; a pattern that takes longer on one line is given up. */
const longestMatchMs = 1000;

/** The groups of a match. */
export type Match = readonly (string | undefined)[];

/**
 * Runs regular expressions that others wrote, none of them for longer than a second on a line, so that one that
 * backtracks without end cannot stop a job. Ending a match costs a watching thread, so many lines are tried at once.
 */
export class RegexGuard {
  static readonly #script = new Script(
    'results = []; for (const line of lines) results.push(patterns.map((pattern) => pattern.exec(line)));',
  );
  #context: Context | null = null;

  /** What each pattern finds in each line, by line; null when that takes too long. */
  match(patterns: readonly RegExp[], lines: readonly string[]): (Match | null)[][] | null {
    this.#context ??= createContext({});
    const context = this.#context;
    context['patterns'] = patterns;
    context['lines'] = lines;
    try {
      RegexGuard.#script.runInContext(context, { timeout: longestMatchMs });
      return context['results'] as (Match | null)[][];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null;
      throw error;
    }
  }
}
