import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `cli/`, what it stands for and what to do. */
export const cliCodes = {
  'bad-context-file': {
    means: 'The file of `--context` is neither JSON nor YAML with an object.',
    todo: 'Write a member for each context: `{"github": {"ref": "refs/heads/main"}}`.',
  },
  'bad-env-file': {
    means: 'A line of a file of values is not `NAME=value`.',
    todo: 'Write a line for each; quote what holds spaces or `#`.',
  },
  'bad-event': {
    means: 'The file of `--eventpath` is no JSON object.',
    todo: 'Write `{"action": "opened"}`.',
  },
  bug: { means: 'A mistake in Slipway, not yours.', todo: 'Report it with its lines and what you did.' },
  'conflicting-option': { means: 'Two flags cannot stand together.', todo: 'Keep one of them.' },
  'empty-secret': {
    means: 'Nothing came on stdin.',
    todo: '`slipway secrets set NAME --environment ENVIRONMENT < file`.',
  },
  'excess-arguments': { means: 'More words than the command takes.', todo: '`slipway COMMAND --help`.' },
  interrupted: { means: 'You stopped it; nothing was kept.', todo: 'Nothing.' },
  'invalid-argument': {
    means: "A flag's value is not one that it takes.",
    todo: 'Write it as the message shows.',
  },
  'missing-argument': {
    means: 'A word that the command needs is not there.',
    todo: '`slipway COMMAND --help`.',
  },
  'missing-mandatory-option-value': { means: 'A flag that the command needs is not there.', todo: 'Add it.' },
  'nothing-to-explain': {
    means: 'No rollout was asked for there yet.',
    todo: '`slipway history` lists those that there were.',
  },
  'nothing-to-judge': {
    means: 'A simulated rollout has no users on both revisions, and its judge has no bound of its own.',
    todo: '`slipway simulate --steps 10%,50%`.',
  },
  'no-recorded-traffic': {
    means: 'The router has counted too little to simulate from.',
    todo: '`slipway simulate --requests 50/m --errors 0.2%`.',
  },
  'no-access': {
    means: 'A file or folder may not be read or written by you.',
    todo: 'Give yourself access, or keep what Slipway writes elsewhere: `--home DIR`.',
  },
  'no-context-file': {
    means: 'The file of `--context` cannot be read.',
    todo: 'Name one that exists.',
  },
  'no-file': { means: 'A file that a flag names cannot be read.', todo: 'Name one that exists.' },
  'no-secret': {
    means: 'A secret has no value, and nobody can be asked for it.',
    todo: 'Set it in the environment, or use `--secret-file`.',
  },
  'no-flag-file': {
    means: 'The file of flags that the command names is not there.',
    todo: 'Name a document of flagd.',
  },
  'bad-hold': {
    means: 'How long each share of a ramp is to be watched is no duration.',
    todo: 'Write a whole number and a unit: `--hold 5m`.',
  },
  'no-dry-ramp': {
    means: 'A ramp in steps cannot be tried without doing it.',
    todo: 'Try its first share with `slipway flags ramp ENVIRONMENT FLAG VARIANT PERCENT --dry-run`.',
  },
  'no-ship': { means: 'Nothing of the app has been shipped yet.', todo: '`slipway ship`.' },
  'disk-full': {
    means: 'No space is left where something had to be written.',
    todo: 'Free some space (`df -h` shows where), then try again.',
  },
  'no-terminal': {
    means: 'A flag needs a terminal, and there is none.',
    todo: 'Leave it out, or start the command in a terminal.',
  },
  'not-written': {
    means: 'A file that `init`, `explain --html` or `simulate --output` would write cannot be written.',
    todo: 'Look at the permissions of its folder.',
  },
  'option-missing-argument': { means: 'A flag stands without its value.', todo: 'Write the value after it.' },
  'unit-not-written': {
    means: 'The systemd units cannot be written.',
    todo: '`slipway install --print`, and put them in place yourself.',
  },
  'unknown-command': { means: 'There is no such command.', todo: '`slipway --help`.' },
  'unknown-option': { means: 'The command has no such flag.', todo: '`slipway COMMAND --help`.' },
  'unknown-target': {
    means: 'What you named is none of what can be meant.',
    todo: 'Name one of those listed.',
  },
  'unreadable-file': {
    means: 'A file that you named cannot be read.',
    todo: 'Name one that exists.',
  },
  'which-app': {
    means: 'Several apps, or none, can be meant.',
    todo: "Go to the app's repository, or `--app NAME`.",
  },
  'which-environment': {
    means: 'Several environments, or none, can be meant.',
    todo: 'Name one after the command.',
  },
} as const satisfies Catalogue;
