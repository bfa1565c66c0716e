import { unreachable } from '../diagnostics/index.ts';
import {
  rightsOf,
  type Caller,
  type Grant,
  type Person,
  type Place,
  type Policy,
  type Wish,
} from './model.ts';

/** Whether the policy lets somebody do something. People whom it does not know may do nothing. */
export function may(policy: Policy, caller: Caller, wish: Wish): boolean {
  return caller.isOwner || grantsOf(policy, caller.name).some((grant) => allows(grant, caller.name, wish));
}

/** Whether names are proven and rights are asked for; before, the owner alone gets in. */
export function isInForce({ people, reviewed }: Policy): boolean {
  return people.length > 0 || reviewed.length > 0;
}

/** What somebody was granted. */
export function grantsOf(policy: Policy, name: string): Grant[] {
  return policy.people.find((person) => person.name === name)?.grants ?? [];
}

/** Everybody but the owner whom the policy lets do something, each with the grant that says so. */
export function whoMay(policy: Policy, wish: Wish): { person: Person; grant: Grant }[] {
  return policy.people.flatMap((person) => {
    const grant = person.grants.find((one) => allows(one, person.name, wish));
    return grant ? [{ person, grant }] : [];
  });
}

/** Whether a ship that somebody began may enter an environment. Names that nobody was ever let in by are the owner's. */
export function mayShip(policy: Policy, name: string, place: { app: string; environment: string }): boolean {
  const { people, former } = policy;
  if (!former.includes(name) && !people.some((person) => person.name === name)) return true;
  const wish: Wish = { right: 'ship', place: { kind: 'environment', ...place } };
  return may(policy, { name, isOwner: false, proof: 'the ship' }, wish);
}

/** Names of those of whom one must approve a rollout, whatever slipway.yml says; null where the policy asks for none. */
export function reviewersOf(policy: Policy, place: { app: string; environment: string }): string[] | null {
  const at: Place = { kind: 'environment', ...place };
  if (!policy.reviewed.some((where) => covers(where, at))) return null;
  return whoMay(policy, { right: 'decide', place: at }).map(({ person }) => person.name);
}

function allows({ role, where }: Grant, name: string, { right, place }: Wish): boolean {
  const reach = rightsOf[role][right];
  if (reach === undefined || !covers(where, place)) return false;
  return (
    reach === 'any' || !('startedBy' in place) || place.startedBy === undefined || place.startedBy === name
  );
}

function covers({ app, environment }: Grant['where'], place: Place): boolean {
  switch (place.kind) {
    case 'environment':
      return fits(app, place.app) && fits(environment, place.environment);
    case 'app':
      return fits(app, place.app);
    case 'whole-app':
      return fits(app, place.app) && environment === '*';
    case 'server':
      return app === '*' && environment === '*';
    case 'anywhere':
      return true;
    default:
      return unreachable(place);
  }
}

function fits(pattern: string, name: string): boolean {
  return pattern === '*' || pattern === name;
}
