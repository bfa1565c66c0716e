import type { Command } from 'commander';
import type { Add } from './command.ts';

/** Adds `slipway access` and what it holds: who may do what, beside the owner. */
export function addAccessCommands(program: Command, add: Add): void {
  const access = program
    .command('access')
    .summary('say who else may do what on this server')
    .description(
      'Say who else may do what on this server. Roles: a viewer looks; a deployer ships, rolls back, and aborts or pauses what they began; a reviewer approves, rejects, promotes, and aborts or pauses anything; an admin does everything.',
    )
    .helpOption('-h, --help', 'print this help')
    .addHelpText(
      'after',
      '\nExamples:\n  $ slipway access\n  $ slipway access grant ana deployer production',
    );
  add(
    access,
    'list',
    {
      summary: 'show people and roles (what "slipway access" does)',
      examples: ['slipway access'],
      load: async () => (await import('./commands/access.ts')).list,
      server: 'any',
    },
    { isDefault: true },
  );
  add(access, 'grant <person> <role> [environment]', {
    summary: 'let a user of the machine do more',
    more: 'The person is a user name on the machine of the server, or a name of your choice for somebody who comes in by an ssh key. An environment is "production", "shop/production" or "shop/*"; without one it is everywhere.',
    examples: ['slipway access grant ana deployer production', 'slipway access grant lena reviewer'],
    load: async () => (await import('./commands/access.ts')).grant,
    server: 'any',
  });
  add(access, 'revoke <person> [role] [environment]', {
    summary: 'take a role away, or with no role everything',
    examples: ['slipway access revoke ana', 'slipway access revoke ana deployer production'],
    load: async () => (await import('./commands/access.ts')).revoke,
    server: 'any',
  });
  addProtection(access, add);
}

/** What a commit cannot change. */
function addProtection(access: Command, add: Add): void {
  add(access, 'protect <environment>', {
    summary: 'ask for a reviewer at each rollout, whatever slipway.yml says',
    more: 'Somebody must be reviewer of it first. Whoever shipped cannot approve. Going back needs nobody.',
    examples: ['slipway access protect production'],
    load: async () => (await import('./commands/access.ts')).protect,
    server: 'any',
  });
  add(access, 'unprotect <environment>', {
    summary: 'leave the reviewers to slipway.yml again',
    examples: ['slipway access unprotect production'],
    load: async () => (await import('./commands/access.ts')).unprotect,
    server: 'any',
  });
}
