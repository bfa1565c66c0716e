import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `flags/`, what it stands for and what to do. */
export const flagsCodes = {
  'bad-percent': {
    means: 'Not a share of users that a flag can be ramped to.',
    todo: 'Name a number from 0 to 100, with at most two decimals.',
  },
  'bad-steps': {
    means: 'The steps of a ramp are shares that rise, each a percentage above 0 to 100.',
    todo: 'Write them like this: `--steps 1%,10%,50%,100%`.',
  },
  json: { means: 'The file of flags is not JSON.', todo: 'Mend the place that is named.' },
  'no-such-flag': {
    means: 'The environment has no flag of this name.',
    todo: '`slipway flags ENVIRONMENT` lists them; `slipway flags apply` makes new ones.',
  },
  'no-such-variant': {
    means: 'The flag has no variant of this name.',
    todo: 'Name one of those that the error lists.',
  },
  'own-rules': {
    means: 'A flag with rules of its own is not ramped over them.',
    todo: 'Write the share into its rules and apply the file, or `slipway flags set` it first, which ends the rules.',
  },
  shape: {
    means: 'The file is not a document of flags as flagd takes it.',
    todo: 'Write it as https://flagd.dev/reference/flag-definitions/ shows.',
  },
  'unknown-evaluator': {
    means: 'A rule refers to a shared one that the document does not have.',
    todo: 'Add it to `$evaluators`, or mend the name.',
  },
  'unknown-operator': { means: 'A rule uses an operator that flagd does not know.', todo: 'Mend its name.' },
  'unknown-variant': {
    means: 'A flag names a variant that it does not have.',
    todo: 'Add it to `variants`, or mend the name.',
  },
  'which-rest': {
    means: 'It is not clear what the other users of a ramp get.',
    todo: 'Set the variant first that they should get.',
  },
} as const satisfies Catalogue;
