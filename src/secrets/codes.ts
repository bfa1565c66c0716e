import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `secrets/`, what it stands for and what to do. */
export const secretsCodes = {
  'bad-key': {
    means: 'The key file that secrets are sealed with is not one.',
    todo: 'Restore it from a backup.',
  },
  'bad-name': { means: 'A name that no secret can have.', todo: 'Name it like an environment variable.' },
  'duplicate-variable': { means: 'An env file sets a variable twice.', todo: 'Keep one of the lines.' },
  'env-line': {
    means: 'A line of an env file is not `NAME=value`.',
    todo: 'Write it so, or start it with `#`.',
  },
  'env-value': {
    means: 'A value in an env file is not closed, or holds what none can.',
    todo: 'Mend the quotes of that line.',
  },
  'foreign-file': {
    means: 'A file with secrets belongs to another user.',
    todo: '`chown` it to the user of the server.',
  },
  missing: {
    means: 'A secret that slipway.yml names has no value.',
    todo: '`slipway secrets set NAME --environment ENVIRONMENT < file`.',
  },
  'no-env-file': {
    means: "The env file does not exist on the server's machine.",
    todo: 'Make it there with mode 0600, or remove `env-file`.',
  },
  'open-file': { means: 'Others may read a file with secrets.', todo: '`chmod 600` it.' },
  'reserved-variable': { means: 'Slipway sets this variable itself.', todo: 'Choose another name.' },
  shadowed: {
    means: 'A variable is in the env file and in the secrets; the secret is used.',
    todo: 'Remove one of the two.',
  },
  undecipherable: {
    means: 'A secret cannot be read with the key of this home.',
    todo: 'Restore `keys/secrets.key` from a backup, or set the secret again.',
  },
  'unreadable-file': {
    means: 'A file with secrets cannot be read.',
    todo: 'Look at its path, owner and mode.',
  },
  'variable-name': {
    means: 'A name in an env file that no variable can have.',
    todo: 'Use letters, digits and `_`.',
  },
} as const satisfies Catalogue;
