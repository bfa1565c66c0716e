import { InvalidArgumentError, type Command } from 'commander';
import type { Add, Work } from './command.ts';
import { count, ofApp, variable } from './flag-values.ts';

const dryRun = ['--dry-run', 'only say what would change'] as const;

/** Adds `slipway flags` and what it holds: who sees what of what is released. */
export function addFeatureFlagCommands(program: Command, add: Add): void {
  const flags = program
    .command('flags')
    .summary('say who sees what, without a release')
    .description(
      'Say who sees what, without a release. The flags of an environment are a document of flagd; apps ask for them through OpenFeature. A change is made as a whole, is taken at once, and is in the audit. It takes the right to ship there.',
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText(
      'after',
      '\nExamples:\n  $ slipway flags production\n  $ slipway flags ramp production new-checkout on 10',
    );
  add(
    flags,
    'list [environment]',
    {
      summary: 'show the flags of an environment (what "slipway flags" does)',
      more: 'Without a name: production, or the only environment. With --json, the document is among what is printed.',
      examples: ['slipway flags', 'slipway flags staging'],
      load: async () => (await import('./commands/flags.ts')).list,
      server: 'any',
    },
    { isDefault: true },
  ).option(...ofApp);
  addChanges(flags, add);
  add(flags, 'history <environment>', {
    summary: 'show who changed what, newest first',
    examples: ['slipway flags history production'],
    load: async () => (await import('./commands/flags.ts')).history as Work,
    server: 'any',
  })
    .option('-n, --limit <count>', 'so many of the newest', count)
    .option(...ofApp);
  add(flags, 'eval <environment> <flag>', {
    summary: 'say what somebody gets of a flag, and why',
    examples: [
      'slipway flags eval production new-checkout --user 42',
      'slipway flags eval production new-checkout --user 42 --context plan=pro',
    ],
    load: async () => (await import('./commands/flags.ts')).evaluate as Work,
    server: 'any',
  })
    .option('--user <key>', 'who it is: the targetingKey')
    .option('--context <name=value>', 'what else is known of them; may be repeated', variable)
    .option(...ofApp);
}

function addChanges(flags: Command, add: Add): void {
  add(flags, 'set <environment> <flag> <variant>', {
    summary: 'give everybody one variant, from now on',
    more: 'It becomes the default, rules of the flag end, and a disabled flag is enabled. "on" and "off" stand for true and false.',
    examples: ['slipway flags set production new-checkout off'],
    load: async () => (await import('./commands/flags.ts')).set,
    server: 'any',
  })
    .option(...dryRun)
    .option(...ofApp);
  add(flags, 'ramp <environment> <flag> <variant> [percent]', {
    summary: 'give so many of a hundred users a variant, at once or step by step',
    more: 'The others get what they have now. Who is in stays in while the share grows: it depends only on the flag and the targetingKey that the app names. Somebody without one gets the default. With --steps instead of a percentage the server raises the share by itself, and takes the flag back to what it was when users with the variant meet more trouble than those without.',
    examples: [
      'slipway flags ramp production new-checkout on 10',
      'slipway flags ramp production new-checkout on --steps 1%,10%,50%,100% --hold 5m',
    ],
    load: async () => (await import('./commands/flags.ts')).ramp as Work,
    server: 'any',
  })
    .option('--steps <shares>', 'shares of users, one after the other: 1%,10%,50%,100%')
    .option('--hold <duration>', 'how long each share is watched; 10m unless told')
    .option(...dryRun)
    .option(...ofApp);
  addRamps(flags, add);
  add(flags, 'apply <environment> <file>', {
    summary: 'put a whole document of flagd in the place of the one that stands',
    more: 'Flags that the file does not have are removed.',
    examples: [
      'slipway flags apply production flags.json --dry-run',
      'slipway flags apply production flags.json',
    ],
    load: async () => (await import('./commands/flags.ts')).apply,
    server: 'any',
  })
    .option(...dryRun)
    .option(...ofApp);
  add(flags, 'rollback <environment>', {
    summary: 'take all flags of an environment back to an earlier version',
    more: 'To the one before, if none is named. It is a new version with the old flags, so that one can go back from it, too.',
    examples: ['slipway flags rollback production', 'slipway flags rollback production --to 3'],
    load: async () => (await import('./commands/flags.ts')).rollback as Work,
    server: 'any',
  })
    .option('--to <version>', 'the version', flagVersion)
    .option(...dryRun)
    .option(...ofApp);
}

function addRamps(flags: Command, add: Add): void {
  add(flags, 'ramps [environment]', {
    summary: 'show the last ramp of each flag, and what the judge says',
    examples: ['slipway flags ramps production'],
    load: async () => (await import('./commands/flag-ramps.ts')).ramps,
    server: 'any',
  }).option(...ofApp);
  add(flags, 'abort <environment> <flag>', {
    summary: 'take a ramp back: the flag becomes what it was before',
    examples: ['slipway flags abort production new-checkout'],
    load: async () => (await import('./commands/flag-ramps.ts')).abort,
    server: 'any',
  }).option(...ofApp);
  add(flags, 'promote <environment> <flag>', {
    summary: 'give everybody the last share of a ramp now, whatever was seen',
    examples: ['slipway flags promote production new-checkout'],
    load: async () => (await import('./commands/flag-ramps.ts')).promote,
    server: 'any',
  }).option(...ofApp);
}

/** 0 is before the first. */
function flagVersion(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && text.trim() !== '') return value;
  throw new InvalidArgumentError('It must be the number of a version.');
}
