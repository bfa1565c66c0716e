import type { Command, CommandOptions } from 'commander';
import type { CliContext, CommonOptions } from './context.ts';

/** A command's work: the world, its flags, its first argument. Returns the exit code. */
export type Work = (context: CliContext, options: never, argument: string | undefined) => Promise<number>;

/** Runs a command that is loaded only now, so that `--help` stays quick. */
export type Runner = (
  load: () => Promise<Work>,
  options: CommonOptions,
  argument: string | undefined,
) => Promise<void>;

/** What `--help` and the docs say of a command, and where its work is. */
export interface CommandFacts {
  summary: string;
  /** More than the summary, for its own help. */
  more?: string;
  examples: readonly string[];
  load: () => Promise<Work>;
  /** Whether it needs a server, which may be elsewhere. */
  server: 'any' | 'local' | 'none';
}

/** Adds a command with the flags that all have. */
export type Add = (parent: Command, term: string, facts: CommandFacts, settings?: CommandOptions) => Command;
