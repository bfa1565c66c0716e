import type { PersonView } from '../../server/index.ts';
import { outLook, show, withServer, type CliContext, type CommonOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { accessPage } from '../render/access-page.ts';

/** Shows who may do what, as far as the one who asks may see it. */
export async function list(context: CliContext, options: CommonOptions): Promise<number> {
  return withServer(context, options, async (client) => {
    const view = await client.access();
    show(context, options, view, () => accessPage(view, outLook(context)));
    return exitCodes.done;
  });
}

/** Grants a role, and says how the person gets in. */
export async function grant(context: CliContext, options: CommonOptions): Promise<number> {
  const [person = '', role = '', where] = options.words ?? [];
  return withServer(context, options, async (client) => {
    const granted = await client.grant({ person, role, ...(where === undefined ? {} : { where }) });
    const { home } = await client.health();
    show(context, options, granted, () => [`${granted.name} is ${granted.is}`, ...wayIn(granted, home)]);
    return exitCodes.done;
  });
}

/** Takes a role away, or all; what the person follows just then ends. */
export async function revoke(context: CliContext, options: CommonOptions): Promise<number> {
  const [person = '', role, where] = options.words ?? [];
  return withServer(context, options, async (client) => {
    const what = { ...(role === undefined ? {} : { role }), ...(where === undefined ? {} : { where }) };
    await client.revoke({ person, ...what });
    const { people } = await client.access();
    const left = people.find(({ name }) => name === person);
    show(context, options, left ?? { name: person, grants: [] }, () => [
      left ? `${person} is ${left.is}` : `${person} may do nothing here any more`,
    ]);
    return exitCodes.done;
  });
}

/** Asks for a reviewer at each rollout to an environment, whatever a commit says. */
export async function protect(context: CliContext, options: CommonOptions, where = ''): Promise<number> {
  return demand(context, options, { where, on: true });
}

/** Leaves it to slipway.yml again. */
export async function unprotect(context: CliContext, options: CommonOptions, where = ''): Promise<number> {
  return demand(context, options, { where, on: false });
}

function demand(
  context: CliContext,
  options: CommonOptions,
  { where, on }: { where: string; on: boolean },
): Promise<number> {
  return withServer(context, options, async (client) => {
    await client.demandReview(where, on);
    show(context, options, { where, on }, () => [
      on
        ? `each rollout to ${where} waits for a reviewer, and for another one than whoever shipped`
        : `${where} asks for those reviewers that its slipway.yml names`,
    ]);
    return exitCodes.done;
  });
}

function wayIn({ name, uid }: PersonView, home: string): string[] {
  if (uid !== null) {
    return [
      `  here       as the user ${name}: slipway status --home ${home}`,
      `  elsewhere  slipway status --host ${name}@<this machine> --home ${home}`,
    ];
  }
  return [
    `  The user ${name} gets no socket here, so only an ssh key can say who ${name} is. One line in`,
    `  ~/.ssh/authorized_keys of the user that the server runs as, with the public key of ${name}:`,
    `    restrict,command="slipway dial --as ${name} --home ${home}" ssh-ed25519 AAAA… ${name}`,
  ];
}
