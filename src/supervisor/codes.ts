import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `supervisor/`, what it stands for and what to do. */
export const supervisorCodes = {
  'cannot-replace': {
    means: 'A process that should take over another cannot be followed.',
    todo: 'Start it from the process that it replaces.',
  },
  'home-too-long': {
    means: "The home's path is too long for a unix socket.",
    todo: 'Choose a shorter one: `--home /var/lib/slipway`.',
  },
  internal: { means: 'A mistake in the supervisor.', todo: 'Report it with its log.' },
  'invalid-request': {
    means: 'A request to the supervisor that it does not know.',
    todo: 'Use one version of Slipway for all of a home.',
  },
  'invalid-spec': {
    means: 'A process was asked for in a way that cannot run.',
    todo: 'Report it with the message.',
  },
  'not-answering': {
    means: "The supervisor's process is there and does not answer.",
    todo: 'Look at its log; `slipway up` starts another if it has ended.',
  },
  'not-started': { means: 'The supervisor did not start.', todo: 'Read its log, which is named.' },
  'shutting-down': { means: 'The supervisor is ending.', todo: '`slipway up` when it has ended.' },
  'spec-conflict': {
    means: 'A process of that name runs with other settings, or belongs to another environment.',
    todo: 'Report it with the message.',
  },
  'stale-fence': {
    means: 'A server that was replaced gave an order; it was refused.',
    todo: 'Nothing: the newer server goes on.',
  },
  'state-not-written': {
    means: 'The supervisor cannot write its state.',
    todo: 'Look for a full disk and for the owner of the home.',
  },
  'still-stopping': {
    means: 'A process that is to start again has not ended yet.',
    todo: 'Nothing: it is tried again.',
  },
  unreachable: { means: 'No supervisor runs.', todo: '`slipway up`.' },
} as const satisfies Catalogue;
