import { Command, Help, InvalidArgumentError, Option, type CommandOptions } from 'commander';
import { addAccessCommands } from './access-commands.ts';
import type { Add, CommandFacts, Runner, Work } from './command.ts';
import { exitCodesText } from './exit-codes.ts';
import { another, ofApp, variable } from './flag-values.ts';
import { defaultListen } from './local-server.ts';
import { addFeatureFlagCommands } from './feature-flag-commands.ts';
import { addFileCommands } from './file-commands.ts';
import { addLookCommands } from './look-commands.ts';
import { addRunCommand } from './run-flags.ts';
import { addSimulateCommand } from './simulate-flags.ts';

/** All commands with their flags: what is parsed, what `--help` says, what docs/cli.md is made of. */
export function buildProgram(
  version: string,
  runner: Runner,
  writeOut: (text: string) => void = (text) => process.stdout.write(text),
): Command {
  const program = new Command('slipway')
    .description(
      'Takes a commit to production on machines you own: runs your workflow, makes a release, rolls it out.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText(
      'after',
      `\n${exitCodesText}\n\nExamples:\n  $ slipway run\n  $ slipway up\n  $ slipway ship`,
    )
    .configureOutput({ writeOut, outputError: () => {} })
    .configureHelp({
      subcommandTerm: (command) =>
        [command.name(), command.usage().replace(/^\[options\] ?/, '')].join(' ').trim(),
      visibleOptions(command) {
        return ownFirst(Help.prototype.visibleOptions.call(this, command));
      },
    })
    .exitOverride();
  const add = (parent: Command, term: string, facts: CommandFacts, settings: CommandOptions = {}) =>
    addCommand(parent, term, { facts, settings, runner });
  addServerCommands(program, add);
  addShipCommands(program, add);
  addSayCommands(program, add);
  addRunCommand(program, add);
  addLanguageCommands(program, add);
  addFileCommands(program, add);
  addLookCommands(program, add);
  addSimulateCommand(program, add);
  addSecrets(program, add);
  addFeatureFlagCommands(program, add);
  addAccessCommands(program, add);
  return program;
}

const common = ['--home', '--host', '--json', '--no-color', '--help'];

/** A command's own flags before those that every command has. */
export function ownFirst(options: readonly Option[]): Option[] {
  const rank = ({ long }: Option) => common.indexOf(long ?? '');
  return [...options].sort((a, b) => rank(a) - rank(b));
}

function addCommand(
  parent: Command,
  term: string,
  rest: { facts: CommandFacts; settings: CommandOptions; runner: Runner },
): Command {
  const { facts, settings, runner } = rest;
  const command = parent
    .command(term, settings)
    .summary(facts.summary)
    .description([facts.summary, facts.more].filter(Boolean).join('\n\n'));
  if (facts.server !== 'none') command.option('--home <dir>', "the server's home directory");
  if (facts.server === 'any')
    command.option('--host <user@machine>', 'use the server of another machine, through ssh');
  command
    .option('--json', 'print one JSON object a line, for programs')
    .option('--no-color', 'print without colours (NO_COLOR does the same)')
    .helpOption('-h, --help', 'print this help')
    .addHelpText(
      'after',
      `\n${facts.examples.length === 1 ? 'Example' : 'Examples'}:\n${facts.examples.map((line) => `  $ ${line}`).join('\n')}`,
    )
    .action((...given: unknown[]) => {
      const argument = given.length > 2 ? given[0] : undefined;
      // A command that takes several words has them among its options.
      const words = Array.isArray(argument) ? (argument as string[]) : given.slice(0, -2).filter(isText);
      return Array.isArray(argument) || given.length > 3
        ? runner(facts.load, { ...command.opts(), words }, undefined)
        : runner(facts.load, command.opts(), argument as string | undefined);
    });
  return command;
}

function addServerCommands(program: Command, add: Add): void {
  add(program, 'up', {
    summary: 'start the server of this machine',
    more: 'Closing the terminal ends nothing. "slipway install" makes it start with the machine. What it knows is kept in SQLite in its home, or in the PostgreSQL that SLIPWAY_DATABASE_URL names, which later starts remember.',
    examples: [
      'slipway up',
      'slipway up --http 0.0.0.0:80 --https 0.0.0.0:443 --acme letsencrypt',
      'slipway up --router haproxy',
    ],
    load: async () => (await import('./commands/up.ts')).up,
    server: 'local',
  })
    .option(
      '--http <host:port>',
      `where users' requests are taken (as last time; at first ${defaultListen} or the next free port)`,
      address,
    )
    .addOption(
      new Option(
        '--router <kind>',
        'what takes those requests (as last time; at first embedded, which needs nothing installed)',
      ).choices(['embedded', 'haproxy', 'nginx', 'caddy', 'traefik']),
    )
    .option(
      '--https <host:port|off>',
      'where they are taken over TLS 1.3 (as last time; at first nowhere)',
      addressOrOff,
    )
    .option(
      '--certificates <dir>',
      'folder of certificates for TLS (as last time; at first "certificates" in the home)',
    )
    .option(
      '--acme <authority|off>',
      'obtain certificates from letsencrypt, letsencrypt-staging or an ACME directory, and agree to its terms (as last time; at first from nobody)',
    )
    .option('--acme-email <address>', 'where the authority sends what concerns the account')
    .option('--acme-root <file>', 'root certificate of an authority of your own')
    .option(
      '--own-config <file>',
      'configuration of yours for HAProxy, nginx, Caddy or Traefik, which Slipway adds its part to (as last time; none takes it out); may be repeated',
      another,
    )
    .option(
      '--trust-proxy <address>',
      'address or range of proxies in front, whose X-Forwarded headers are believed (as last time; none for nobody); may be repeated',
      another,
    )
    .option('--job-env <name=value>', 'give jobs this environment variable; may be repeated', variable)
    .option('--foreground', 'stay in this process, for service managers');
  add(program, 'down', {
    summary: 'end the server; apps go on and are still served',
    examples: ['slipway down', 'slipway down --all'],
    load: async () => (await import('./commands/down.ts')).down,
    server: 'any',
  }).option('--all', 'end the apps and the router, too');
  add(program, 'install', {
    summary: 'write systemd units, so that server and apps start with the machine',
    more: 'For root: /etc/systemd/system, and /usr/local/bin/slipway, which --host needs. For others: units of the user, which need "loginctl enable-linger" to outlive a log-out, and ~/.local/bin/slipway.',
    examples: ['sudo slipway install', 'slipway install --print'],
    load: async () => (await import('./commands/install.ts')).install,
    server: 'local',
  })
    .option(
      '--http <host:port>',
      `where users' requests are taken (${defaultListen}, or SLIPWAY_HTTP)`,
      address,
    )
    .option('--print', 'print the units and write nothing');
  add(
    program,
    'dial',
    {
      summary: 'connect stdin and stdout to the server, for --host',
      examples: ['ssh ana@example.com slipway dial'],
      load: async () => (await import('./commands/dial.ts')).dial,
      server: 'local',
    },
    { hidden: true },
  )
    .option('--as <person>', 'come in by the door of this person, for a forced command of sshd')
    .option('--running', 'start no server when none runs');
}

function addShipCommands(program: Command, add: Add): void {
  add(program, 'ship', {
    summary: 'take the commit that is checked out to where its workflows say',
    more: 'Runs in the server: Ctrl-C stops only the watching. Starts the server of this machine when none runs.',
    examples: ['slipway ship', 'slipway ship --host ana@example.com --detach'],
    load: async () => (await import('./commands/ship.ts')).ship,
    server: 'any',
  })
    .option('--allow-dirty', 'ship HEAD as committed, though files have changed since')
    .option('--detach', 'do not watch');
  add(program, 'plan', {
    summary: 'show what ship would do, and move nothing',
    examples: ['slipway plan'],
    load: async () => (await import('./commands/plan.ts')).plan,
    server: 'any',
  });
  add(program, 'rerun [ship]', {
    summary: 'run a ship again that has ended, or only its jobs that failed',
    more: 'Without a name: the newest ship of the app. What went well is kept, with its outputs and artifacts. Only as long as nothing of it was rolled out.',
    examples: ['slipway rerun --failed', 'slipway rerun s-1f0c2b3a'],
    load: async () => (await import('./commands/rerun.ts')).rerun,
    server: 'any',
  })
    .option('--failed', 'only jobs that failed or were cancelled, and what needs them')
    .option(...ofApp)
    .option('--detach', 'do not watch');
  add(program, 'rollback [environment]', {
    summary: 'take an environment back to the revision before',
    more: 'Without a name: production, or the only environment. Without --to it never goes to one that a rollback has left.',
    examples: ['slipway rollback', 'slipway rollback staging --to r3'],
    load: async () => (await import('./commands/rollback.ts')).rollback,
    server: 'any',
  })
    .option('--to <revision|commit>', 'go back to this one')
    .option('--force', 'also across a migration that cannot be undone')
    .option(...ofApp);
  add(program, 'repair [environment]', {
    summary: 'start what serves anew, beside itself; what was changed by hand is gone',
    more: 'Without a name: production, or the only environment.',
    examples: ['slipway repair', 'slipway repair staging'],
    load: async () => (await import('./commands/mend.ts')).repair,
    server: 'any',
  }).option(...ofApp);
  add(program, 'apply <service>', {
    summary:
      'replace a shared service by what the release that serves says of it, or end it when that has none',
    examples: ['slipway apply database', 'slipway apply cache --environment staging'],
    load: async () => (await import('./commands/mend.ts')).apply,
    server: 'any',
  })
    .option('--environment <name>', 'where; production, or the only environment')
    .option(...ofApp);
  add(program, 'gc', {
    summary: "remove containers, networks, images and releases' files that nothing needs any more",
    more: 'What a way back needs stays. It runs by itself after each rollout.',
    examples: ['slipway gc --dry-run'],
    load: async () => (await import('./commands/mend.ts')).gc,
    server: 'any',
  }).option('--dry-run', 'only say which images and releases would go');
  add(program, 'abort [environment|rollout|ship]', {
    summary: 'stop what is under way; users keep what served them before',
    more: 'Without a name: everything that is under way for the app.',
    examples: ['slipway abort', 'slipway abort production'],
    load: async () => (await import('./commands/abort.ts')).abort,
    server: 'any',
  }).option(...ofApp);
}

/** What people say to a rollout that is under way. */
function addSayCommands(program: Command, add: Add): void {
  const inEnvironment = 'Without a name: production, or the only environment.';
  add(program, 'approve [environment]', {
    summary: 'let a rollout go on that waits for an approval',
    more: `By one of the environment's "reviewers", where it has some. ${inEnvironment}`,
    examples: ['slipway approve', 'slipway approve staging'],
    load: async () => (await import('./commands/say.ts')).approve,
    server: 'any',
  }).option(...ofApp);
  add(program, 'reject [environment]', {
    summary: 'send a rollout back that waits for an approval',
    more: inEnvironment,
    examples: ['slipway reject', 'slipway reject staging --reason "the menu is broken"'],
    load: async () => (await import('./commands/say.ts')).reject,
    server: 'any',
  })
    .option('--reason <text>', 'why, for the history')
    .option(...ofApp);
  add(program, 'promote [environment]', {
    summary: 'end what a rollout holds for: a timer, a bake, a pause',
    more: `What waits for an approval is promoted only by who may approve it. ${inEnvironment}`,
    examples: ['slipway promote', 'slipway promote --full'],
    load: async () => (await import('./commands/say.ts')).promote,
    server: 'any',
  })
    .option('--full', 'to the end: all traffic, no more holds, no bake')
    .option(...ofApp);
  add(program, 'pause [environment]', {
    summary: 'keep a rollout where it is; what fails still goes back',
    more: inEnvironment,
    examples: ['slipway pause'],
    load: async () => (await import('./commands/say.ts')).pause,
    server: 'any',
  }).option(...ofApp);
  add(program, 'resume [environment]', {
    summary: 'let a rollout go on that was paused',
    more: inEnvironment,
    examples: ['slipway resume'],
    load: async () => (await import('./commands/say.ts')).resume,
    server: 'any',
  }).option(...ofApp);
}

/** Commands about workflow files; they run nothing. */
function addLanguageCommands(program: Command, add: Add): void {
  add(program, 'lint [files...]', {
    summary: 'find mistakes in workflow and action files before anything runs',
    more: 'Without files: .github/workflows and every action.yml of the working tree. Errors are what GitHub refuses or what surely goes wrong; what only this machine cannot do is a warning. Warnings alone are no failure.',
    examples: ['slipway lint', 'slipway lint --format sarif > lint.sarif'],
    load: async () => (await import('./commands/lint.ts')).lint,
    server: 'none',
  }).addOption(
    new Option('--format <format>', 'how findings are printed')
      .choices(['text', 'json', 'sarif'])
      .default('text'),
  );
}

function addSecrets(program: Command, add: Add): void {
  const secrets = program
    .command('secrets')
    .summary('keep encrypted values for the processes of an environment')
    .description('Keep encrypted values for the processes of an environment.')
    .helpOption('-h, --help', 'print this help')
    .addHelpText(
      'after',
      '\nExample:\n  $ slipway secrets set DATABASE_URL --environment production < url.txt',
    );
  add(secrets, 'set <name>', {
    summary: 'keep a value, read from stdin',
    more: "The value is never an argument: those show in process lists and shell histories. Kept for the environment '*', it is a secret of the repository: every job of the app may have it, and no process.",
    examples: ['slipway secrets set DATABASE_URL --environment production < url.txt'],
    load: async () => (await import('./commands/secrets.ts')).set as Work,
    server: 'any',
  })
    .requiredOption('-e, --environment <name>', "the environment whose jobs and processes get it, or '*'")
    .option(...ofApp);
  add(secrets, 'list', {
    summary: 'list names and versions, never values',
    examples: ['slipway secrets list --environment production'],
    load: async () => (await import('./commands/secrets.ts')).list,
    server: 'any',
  })
    .requiredOption('-e, --environment <name>', 'the environment')
    .option(...ofApp);
}

function isText(given: unknown): given is string {
  return typeof given === 'string';
}

function address(text: string): string {
  const port = Number(/^[^\s/]+:(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
  if (port <= 65_535) return text;
  throw new InvalidArgumentError('Write it like this: 127.0.0.1:8080');
}

function addressOrOff(text: string): string {
  return text === 'off' ? text : address(text);
}
