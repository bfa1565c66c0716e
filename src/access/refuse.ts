import { CodedError } from '../diagnostics/index.ts';
import { grantsOf, may, whoMay } from './decide.ts';
import { rightsOf, roles, type Caller, type Policy, type Right, type Role, type Wish } from './model.ts';
import { grantsText, grantText, placeText, rightText, whereOf } from './words.ts';

/** Names in a refusal at most. */
const namesShown = 5;

/**
 * Lets somebody pass who may.
 *
 * @throws CodedError `access/may-not`, which names who could do it and what an admin can say.
 */
export function requireRight(policy: Policy, caller: Caller, wish: Wish & { owner: string }): void {
  if (!may(policy, caller, wish)) throw refusal(policy, caller, wish);
}

/** Why somebody may not, for the one who asked. */
export function refusal(policy: Policy, caller: Caller, wish: Wish & { owner: string }): CodedError {
  const { right, place, owner } = wish;
  const others = whoMay(policy, wish).map(({ person, grant }) => `${person.name} (${grantText(grant)})`);
  const shown = [...others.slice(0, namesShown), `${owner} (the owner)`].join(', ');
  return new CodedError('access/may-not', `${caller.name} may not ${rightText[right]} ${placeText(place)}`, {
    notes: [`${caller.name} is ${grantsText({ grants: grantsOf(policy, caller.name) })}`, `may: ${shown}`],
    help: `ask one of them; or ${owner} can allow it: slipway access grant ${caller.name} ${leastRole(right)} ${quoted(whereOf(place))}`,
  });
}

/** The first role, from the smallest on, that may do it to what anybody began. */
function leastRole(right: Right): Role {
  return roles.find((role) => rightsOf[role][right] === 'any') ?? 'admin';
}

/** A shell would take a star for files. */
function quoted(where: string): string {
  return where.includes('*') ? `'${where}'` : where;
}
