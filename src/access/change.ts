import { CodedError, didYouMean } from '../diagnostics/index.ts';
import { rightsOf, roles, type Grant, type Person, type Policy, type Role, type Where } from './model.ts';
import { grantText, parseRole, parseWhere, whereText } from './words.ts';

/** Names that Unix gives to users; each is the name of a file, too, so it holds no slash and does not begin with a dot. */
const nameShape = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

/**
 * The policy with one grant more. A person who is known keeps what was granted before; the uid is that of today.
 *
 * @throws CodedError `access/bad-name`
 */
export function withGrant(
  policy: Policy,
  { name, uid, grant }: Pick<Person, 'name' | 'uid'> & { grant: Grant },
): Policy {
  requireName(name);
  const known = policy.people.find((person) => person.name === name);
  const kept = (known?.grants ?? []).filter((one) => grantText(one) !== grantText(grant));
  const person: Person = { name, uid, grants: [...kept, grant] };
  const others = policy.people.filter((one) => one.name !== name);
  return {
    ...policy,
    people: [...others, person].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    former: policy.former.filter((one) => one !== name),
  };
}

/** What of a person's grants shall go; without a role, the person. */
export interface Revocation {
  name: string;
  role: Role | null;
  /** Null takes the role away wherever it was granted. */
  where: Where | null;
}

/**
 * The policy without some grants, or without a person.
 *
 * @throws CodedError `access/no-such-person`, `access/not-granted`
 */
export function withoutGrant(policy: Policy, { name, role, where }: Revocation): Policy {
  const person = policy.people.find((one) => one.name === name);
  if (!person) throw noSuchPerson(policy, name);
  const others = policy.people.filter((one) => one !== person);
  const gone = { ...policy, people: others, former: [...policy.former, name] };
  if (role === null) return gone;
  const goes = (grant: Grant) =>
    grant.role === role && (where === null || whereText(grant.where) === whereText(where));
  const grants = person.grants.filter((grant) => !goes(grant));
  if (grants.length === person.grants.length) throw notGranted(person, role);
  if (grants.length === 0) return gone;
  const people = policy.people.map((one) => (one === person ? { ...person, grants } : one));
  return { ...policy, people };
}

/**
 * The policy with an environment in which a reviewer must approve each rollout, or without it.
 *
 * @throws CodedError `access/nobody-reviews` where every rollout would wait for ever.
 */
export function withReview(policy: Policy, where: Where, on: boolean): Policy {
  const others = policy.reviewed.filter((one) => whereText(one) !== whereText(where));
  if (!on) return { ...policy, reviewed: others };
  const reviews = policy.people.some(({ grants }) =>
    grants.some((grant) => rightsOf[grant.role].decide !== undefined && meets(grant.where, where)),
  );
  if (reviews) return { ...policy, reviewed: [...others, where] };
  throw new CodedError('access/nobody-reviews', `nobody is reviewer of ${whereText(where)}`, {
    notes: ['each rollout would wait for somebody who does not exist'],
    help: `first grant it to somebody: slipway access grant lena reviewer ${whereText(where)}`,
  });
}

/** Whether there may be an environment that both are for. */
function meets(a: Where, b: Where): boolean {
  const one = (x: string, y: string) => x === '*' || y === '*' || x === y;
  return one(a.app, b.app) && one(a.environment, b.environment);
}

/** @throws CodedError `access/no-such-role` */
export function requireRole(text: string): Role {
  const role = parseRole(text);
  if (role !== null) return role;
  const near = didYouMean(text, roles);
  throw new CodedError('access/no-such-role', `"${text}" is no role`, {
    notes: [`roles: ${roles.map((one) => `"${one}"`).join(', ')}`],
    help: near === undefined ? 'see what each may do: slipway access --help' : `did you mean "${near}"?`,
  });
}

/** @throws CodedError `access/bad-place` */
export function requireWhere(text: string): Where {
  const where = parseWhere(text);
  if (where !== null) return where;
  throw new CodedError('access/bad-place', `"${text}" is no environment`, {
    notes: ['allowed: "production", "shop/production", "shop/*", or "*" for everywhere'],
    help: 'name the environment: slipway access grant ana deployer production',
  });
}

/** @throws CodedError `access/bad-name` */
export function requireName(name: string): void {
  if (nameShape.test(name)) return;
  throw new CodedError('access/bad-name', `"${name}" cannot be the name of a person here`, {
    notes: ['allowed: letters, digits, "_", "." and "-", at most 32, as Unix users are called'],
    help: "grant it to the person's user name on the server's machine: slipway access grant ana viewer",
  });
}

function noSuchPerson({ people }: Policy, name: string): CodedError {
  const names = people.map((person) => person.name);
  const near = didYouMean(name, names);
  return new CodedError('access/no-such-person', `nothing was granted to "${name}"`, {
    notes: [`people: ${names.join(', ') || 'none'}`],
    help: near === undefined ? 'see who may what: slipway access' : `did you mean "${near}"?`,
  });
}

function notGranted({ name, grants }: Person, role: Role): CodedError {
  return new CodedError('access/not-granted', `${name} is not ${role} there`, {
    notes: [`${name} is ${grants.map(grantText).join(', ')}`],
    help: `name one of these, or take everything: slipway access revoke ${name}`,
  });
}
