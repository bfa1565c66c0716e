import type { Catalogue } from '../diagnostics/index.ts';

/** Every code of this room's findings and throws, without its `access/`, what it stands for and what to do. */
export const accessCodes = {
  'bad-name': {
    means: 'A name that no person can have.',
    todo: "Use the person's user name on the server's machine.",
  },
  'bad-place': {
    means: 'Not an environment that something can be granted for.',
    todo: 'Write `production`, `shop/production`, `shop/*` or `*`.',
  },
  'may-not': {
    means: 'The person who asked was not granted this.',
    todo: 'Ask one of those whom the notes name; or an admin: `slipway access grant`.',
  },
  'no-such-person': {
    means: 'Nothing was granted to that name.',
    todo: '`slipway access` lists the people.',
  },
  'no-such-role': { means: 'Not a role.', todo: 'Use viewer, deployer, reviewer or admin.' },
  'nobody-reviews': {
    means: 'An approval would be asked for that nobody can give.',
    todo: '`slipway access grant NAME reviewer ENVIRONMENT` first.',
  },
  'not-granted': {
    means: 'What shall be taken away was not granted.',
    todo: '`slipway access` shows what was.',
  },
} as const satisfies Catalogue;
