import { InvalidArgumentError, Option, type Command } from 'commander';
import { CodedError } from '../diagnostics/index.ts';
import type { Add } from './command.ts';
import { count, variable } from './flag-values.ts';

/** Adds `slipway run`. */
export function addRunCommand(program: Command, add: Add): void {
  add(program, 'run [event]', {
    summary: 'run workflows here, on the files as they are now, without a server',
    more: 'Runs what the event starts; without a name a push, or for a workflow or job that is named what starts it. Secrets come from --secret and --secret-file alone. A deploy step only says what it would ship.',
    examples: [
      'slipway run',
      'slipway run pull_request',
      'slipway run -W ci.yml -j test --matrix node:24',
      'slipway run workflow_dispatch --input level=debug',
    ],
    load: async () => (await import('./commands/run.ts')).run,
    server: 'none',
  })
    .option('-W, --workflows <path>', 'a workflow file, a folder of them, or a name (.github/workflows)')
    .addOption(new Option('--workflow <path>').hideHelp())
    .option('-j, --job <id>', 'only this job and what it needs; may be repeated', gather)
    .option('-l, --list', 'list jobs and run nothing')
    .option('-n, --dryrun', 'show what would run, and run nothing')
    .option('-e, --eventpath <file>', 'JSON that becomes github.event, on top of what is made up')
    .option(
      '-s, --secret <name[=value]>',
      'a secret; without a value from the environment, else asked for',
      secret,
    )
    .option('--secret-file <file>', 'secrets, a line NAME=value each')
    .option('--var <name=value>', 'a value of the vars context; may be repeated', variable)
    .option('--var-file <file>', 'the same from a file')
    .option('--env <name=value>', 'a variable of every job; may be repeated', variable)
    .option('--env-file <file>', 'the same from a file')
    .option('--input <name=value>', 'an input of workflow_dispatch; may be repeated', variable)
    .option('--input-file <file>', 'the same from a file')
    .option('--matrix <axis:value>', 'only these combinations; may be repeated', axis)
    .option('--actor <name>', 'github.actor (git config user.name)')
    .option(
      '-P, --platform <label=-self-hosted>',
      'run jobs of this label here too; may be repeated',
      platform,
    )
    .option('--parallel <count>', 'so many jobs at once (20, fewer where memory is short)', count)
    .option('--committed', 'run HEAD as committed, without what has changed since')
    .option('--failed', 'run the failed jobs of the last run again, and what needs them')
    .option('--from <step>', 'go on from a step of the last run, by number, id or name; with -j')
    .addOption(
      new Option('--step <step>', 'run only this step of the last run again; with -j').conflicts([
        'from',
        'failed',
      ]),
    )
    .option('--pause-on-failure', 'open a shell in the state of a failed step, and retry it after')
    .addOption(
      new Option('--watch', 'run again what a saved file affects, until Ctrl-C').conflicts([
        'failed',
        'from',
        'step',
        'list',
        'dryrun',
      ]),
    )
    .option('--home <dir>', 'keep tools, caches and the last run here')
    .addOption(new Option('--job-env <name=value>').argParser(variable).hideHelp())
    .option('-v, --verbose', 'print every line of the logs, also on a terminal');
}

function gather(text: string, before: string[] = []): string[] {
  return [...before, text];
}

const name = /^[A-Za-z_]\w*$/;

function secret(
  text: string,
  before: Record<string, string | undefined> = {},
): Record<string, string | undefined> {
  const [given = '', ...rest] = text.split('=');
  if (name.test(given)) return { ...before, [given]: rest.length > 0 ? rest.join('=') : undefined };
  // Commander would print the whole argument, and with it the secret.
  throw new CodedError(
    'cli/invalid-argument',
    'option "-s, --secret <name[=value]>" has no name it can take',
    {
      notes: ['a name is of letters, digits and _, and starts with no digit'],
      help: 'write it like this: NAME or NAME=value',
    },
  );
}

function axis(text: string, before: [string, string][] = []): [string, string][] {
  const at = text.indexOf(':');
  if (at > 0 && at < text.length - 1) return [...before, [text.slice(0, at), text.slice(at + 1)]];
  throw new InvalidArgumentError('Write it like this: node:24');
}

function platform(text: string, before: string[] = []): string[] {
  const at = text.indexOf('=');
  if (at > 0 && text.slice(at + 1) === '-self-hosted') return [...before, text.slice(0, at)];
  throw new InvalidArgumentError(
    'Jobs run on this machine and not in images, so write it like this: windows-latest=-self-hosted',
  );
}
