import type { Command, Option } from 'commander';
import { exitCodesText } from './exit-codes.ts';
import { buildProgram, ownFirst } from './program.ts';

/** The text of docs/cli.md, from the definitions of the commands. */
export function cliDocs(): string {
  const program = buildProgram('0.0.0', () => Promise.resolve());
  return [
    '# The command line',
    '',
    '<!-- Written by scripts/write-cli-docs.ts out of src/cli/program.ts; changes here are lost. -->',
    '',
    program.description(),
    '',
    'Commands that use a server find the one of this machine. `--host user@machine`, or `SLIPWAY_HOST`, reaches another one through ssh; `--home`, or `SLIPWAY_HOME`, names the directory of another one here.',
    '',
    'What `--host` takes is what ssh takes: a name out of `~/.ssh/config`, `user@machine`, or `ssh://user@machine:2222`. Over there, `slipway` must be in the PATH of a session without a terminal, or in `~/.local/bin`; `slipway install` sees to that. Where it is elsewhere, or belongs to another user, `SLIPWAY_REMOTE_COMMAND` says what to run: `/opt/slipway/bin/slipway.js`, or `sudo -n slipway`.',
    '',
    'On a terminal, what is under way is drawn in place. Without one, each change is a line. With `--json`, standard output holds one JSON object a line and nothing else; mistakes are an object with `findings`.',
    '',
    '## Exit codes',
    '',
    '| Code | Meaning |',
    '| ---- | ------- |',
    ...exitCodeRows(),
    ...leaves(program).flatMap(({ command, path }) => section(command, path)),
  ].join('\n');
}

function exitCodeRows(): string[] {
  return [...exitCodesText.matchAll(/^ {2}(\d+) +(.*)$/gm)].map(([, code, text]) => `| ${code} | ${text} |`);
}

function leaves(program: Command): { command: Command; path: string }[] {
  const help = program.createHelp();
  const walk = (command: Command, path: string): { command: Command; path: string }[] =>
    help
      .visibleCommands(command)
      .filter((one) => one.name() !== 'help')
      .flatMap((one) => {
        const own = `${path} ${one.name()}`;
        return one.commands.length > 0 ? walk(one, own) : [{ command: one, path: own }];
      });
  return walk(program, program.name());
}

function section(command: Command, path: string): string[] {
  return [
    '',
    `## ${path}`,
    '',
    ...sentences(command.description()),
    '',
    `Usage: \`${path} ${command.usage()}\``,
    '',
    '```sh',
    ...examplesOf(command),
    '```',
    '',
    '| Option | |',
    '| ------ | - |',
    ...ownFirst(command.options).map(optionRow),
  ];
}

/** The summary starts small and ends open in lists; on a page of its own it is a sentence. */
function sentences(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line === '' ? line : `${line.charAt(0).toUpperCase()}${line.slice(1).replace(/\.$/, '')}.`,
    );
}

function examplesOf(command: Command): string[] {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return [...help.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line ?? '');
}

function optionRow({ flags, description }: Option): string {
  return `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')} |`;
}
