import { CommanderError, type Command } from 'commander';
import { CodedError } from '../diagnostics/index.ts';
import type { CliContext, CommonOptions } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { troubleOf, troubleText } from './mistake.ts';
import { buildProgram } from './program.ts';

interface Invocation {
  /** Words after the program's name. */
  words: readonly string[];
  version: string;
  /** The world, once the flags about output are known. */
  contextFor: (options: CommonOptions) => CliContext;
}

/** Runs one command line and tells its exit code. Never throws: whatever went wrong has been printed. */
export async function runCli({ words, version, contextFor }: Invocation): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = buildProgram(
    version,
    async (load, options, argument) => {
      const work = await load();
      exitCode = await work(contextFor(options), options as never, argument);
    },
    (text) => contextFor({}).out.write(text),
  );
  try {
    if (words.length === 0) {
      program.outputHelp();
      return exitCodes.usage;
    }
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage;
    const options = { json: words.includes('--json'), color: !words.includes('--no-color') };
    const trouble = troubleOf(error instanceof CommanderError ? wrongUsage(error, program, words) : error);
    const context = contextFor(options);
    if (options.json) context.out.write(`${JSON.stringify({ findings: trouble.findings })}\n`);
    context.err.write(troubleText(trouble, context.err.color));
    return trouble.exitCode;
  }
}

/** What commander says, as everything else is said: its "(Did you mean …?)" becomes the help. */
function wrongUsage(error: CommanderError, program: Command, words: readonly string[]): CodedError {
  const [first = '', ...rest] = error.message.split('\n');
  const near = /\(Did you mean (.*)\?\)/.exec(rest.join(' '))?.[1];
  const message = first.replace(/^error: /, '').replaceAll("'", '"');
  const code = error.code
    .replace(/^commander\./, '')
    .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new CodedError(`cli/${code}`, message, {
    help:
      near === undefined
        ? `see what there is: slipway ${[...commandPath(program, words), '--help'].join(' ')}`
        : `did you mean "${near.replace(/^one of /, '')}"?`,
  });
}

/** The words that name a command, such as `secrets set`; flags and arguments are left out. */
function commandPath(program: Command, [word, ...rest]: readonly string[]): string[] {
  const command = program.commands.find((one) => one.name() === word);
  return command && word !== undefined ? [word, ...commandPath(command, rest)] : [];
}
