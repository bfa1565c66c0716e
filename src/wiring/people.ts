import { userInfo } from 'node:os';
import { may, requireRight, type Caller, type Place, type Policy, type Right } from '../access/index.ts';
import type { Json, NewEvent } from '../flow/index.ts';
import type { Store } from '../store/index.ts';

const kind = 'access';
const id = 'policy';
/** Two admins who grant at the same moment; each try reads anew. */
const tries = 20;

/** The name of the Unix user that the server runs as: the owner, who may do everything. */
export function ownerName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the machine's list, as in a container.
    return `uid-${process.getuid?.() ?? 0}`;
  }
}

/** Who may do what here; without people it is not in force. */
export async function policyOf(store: Pick<Store, 'documents'>): Promise<Policy> {
  const known = await store.documents.get(kind, id);
  return known ? (known.body as unknown as Policy) : { people: [] };
}

/** Puts a changed policy in the place of the one that stands, and the change into the chain `server`. */
export async function changePolicy(
  store: Pick<Store, 'documents' | 'events'>,
  change: (policy: Policy) => Policy,
  event: Omit<NewEvent, 'chain'>,
): Promise<Policy> {
  for (let left = tries; left > 0; left--) {
    const known = await store.documents.get(kind, id);
    const after = change(known ? (known.body as unknown as Policy) : { people: [] });
    const before = known?.body ?? null;
    const put = await store.documents.replace(kind, id, { before, after: after as unknown as Json });
    if (!put) continue;
    await store.events.append([{ chain: 'server', ...event }]);
    return after;
  }
  throw new Error('the policy is changed by others all the time');
}

/** The name of whoever began a ship, as the policy knows them: the owner by the server's own name, others by theirs. */
function callerNamed(name: string): Caller {
  return { name, isOwner: name === ownerName(), proof: 'the ship that they began' };
}

/**
 * Lets a ship into an environment only if whoever began it may ship there. Where it goes is known no sooner: a branch
 * leads to several environments, and a job names its own.
 *
 * @throws CodedError `access/may-not`
 */
export async function requireMayShip(
  store: Pick<Store, 'documents'>,
  { actor, app, environment }: { actor: string; app: string; environment: string },
): Promise<void> {
  const policy = await policyOf(store);
  if (policy.people.length === 0) return;
  const place: Place = { kind: 'environment', app, environment };
  requireRight(policy, callerNamed(actor), { right: 'ship', place, owner: ownerName() });
}

/** Throws `access/may-not` for a ship that leads to environments of which its beginner may enter none. */
export async function requireMayShipSomewhere(
  store: Pick<Store, 'documents'>,
  { actor, app, environments }: { actor: string; app: string; environments: readonly string[] },
): Promise<void> {
  const policy = await policyOf(store);
  const [first] = environments;
  if (policy.people.length === 0 || first === undefined) return;
  const caller = callerNamed(actor);
  const right: Right = 'ship';
  const places = environments.map((environment): Place => ({ kind: 'environment', app, environment }));
  if (places.some((place) => may(policy, caller, { right, place }))) return;
  await requireMayShip(store, { actor, app, environment: first });
}
