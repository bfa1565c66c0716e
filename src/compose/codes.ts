import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings, without its `compose/`, what it stands for and what to do. */
export const composeCodes = {
  anchor: {
    means: 'An anchor or an alias of YAML leads nowhere.',
    todo: 'Write the anchor before its alias, at what should be repeated.',
  },
  'bad-reference': {
    means: 'A dollar sign begins no reference to a variable.',
    todo: 'Write `$$` for a dollar sign that stays one.',
  },
  'bad-value': {
    means: 'A value that its key does not take.',
    todo: 'Write it in the form that the help shows.',
  },
  conflict: { means: 'Two values cannot both hold.', todo: 'Keep one of the two.' },
  cycle: {
    means: 'Services or files depend on, extend or include each other in a circle.',
    todo: 'Take one of the links of the circle out.',
  },
  'duplicate-key': { means: 'A key stands twice in one mapping.', todo: 'Keep one of the two.' },
  'env-line': {
    means: 'A line of an env file is not `NAME=value`.',
    todo: 'Mend the line; comments begin with `#`.',
  },
  'inactive-service': {
    means: 'A service depends on one whose profile is not active.',
    todo: 'Activate the profile, or make the dependency optional.',
  },
  'file-list': {
    means:
      'COMPOSE_FILE and `compose.files` of slipway.yml list different files; those of slipway.yml are read.',
    todo: 'Keep one of the two.',
  },
  'missing-key': { means: 'A key that must be there is not.', todo: 'Add it.' },
  'no-effect': {
    means: 'A key of the Compose Specification has no effect in Slipway, and needs none.',
    todo: 'Nothing; it may stay.',
  },
  'no-file': {
    means: 'A file that the project names is not in the commit.',
    todo: 'Commit it, or mend the name.',
  },
  'no-service': { means: 'The Compose file defines no service.', todo: 'Define one under `services:`.' },
  refused: {
    means: 'A key or value of the Compose Specification cannot be honoured, and the result would be wrong.',
    todo: 'Take the way out that the help names.',
  },
  'required-variable': {
    means: 'A variable that the file requires is not set.',
    todo: 'Set it in the environment of the app, or in `.env`.',
  },
  'secret-in-clear': {
    means: 'A secret stands at a key that Slipway itself reads, where it would be kept and shown in clear.',
    todo: 'Write the value plainly, or give it in the `env-file` of the environment.',
  },
  'shell-operator': {
    means: 'A command has `&&`, `|` or the like, and no shell reads it.',
    todo: 'Write it as a list: `["sh", "-c", "…"]`.',
  },
  'too-large': {
    means: 'A file is longer, deeper or, by its anchors, larger than can be meant.',
    todo: 'Make it smaller.',
  },
  'unknown-key': {
    means: 'A key that the Compose Specification does not have.',
    todo: 'Look for a typing mistake; keys of your own begin with `x-`.',
  },
  'unknown-reference': {
    means: 'A service uses a network, volume, secret or config that is not defined.',
    todo: 'Define it at the top level, or mend the name.',
  },
  'unknown-service': {
    means: 'A service is named that is not defined.',
    todo: 'Define it, or name one of those listed.',
  },
  'unset-variable': {
    means: 'A variable is used and not set; it stays empty, as in Docker Compose.',
    todo: 'Set it, or give a default: `${NAME:-default}`.',
  },
  'wrong-type': {
    means: 'A value is of another kind than its key takes.',
    todo: 'Write it in the form that the help shows.',
  },
  yaml: {
    means: 'A file is not YAML.',
    todo: 'Mend the syntax at the place that is marked; indent with spaces.',
  },
} as const satisfies Catalogue;
