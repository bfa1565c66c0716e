import { userInfo } from 'node:os';
import { mayShip, nobodyElse, refusal, reviewersOf, type Policy } from '../access/index.ts';
import type { EnvironmentRules } from '../app/index.ts';
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
  return known ? (known.body as unknown as Policy) : nobodyElse;
}

/** Puts a changed policy in the place of the one that stands, and the change into the chain `server`. */
export async function changePolicy(
  store: Pick<Store, 'documents' | 'events'>,
  change: (policy: Policy) => Policy,
  event: Omit<NewEvent, 'chain'>,
): Promise<Policy> {
  for (let left = tries; left > 0; left--) {
    const known = await store.documents.get(kind, id);
    const after = change(known ? (known.body as unknown as Policy) : nobodyElse);
    const before = known?.body ?? null;
    const put = await store.documents.replace(kind, id, { before, after: after as unknown as Json });
    if (!put) continue;
    await store.events.append([{ chain: 'server', ...event }]);
    return after;
  }
  throw new Error('the policy is changed by others all the time');
}

/** A ship, where it wants to go. */
interface Entry {
  /** Who began it: a proven name, or with nobody let in what the owner's git says. */
  actor: string;
  app: string;
  environment: string;
}

/**
 * Lets a ship into an environment only if whoever began it may ship there. Where it goes is known no sooner: a branch
 * leads to several environments, and a job names its own.
 *
 * @throws CodedError `access/may-not`
 */
export async function requireMayShip(
  store: Pick<Store, 'documents'>,
  { actor, app, environment }: Entry,
): Promise<void> {
  const policy = await policyOf(store);
  if (mayShip(policy, actor, { app, environment })) return;
  const place = { kind: 'environment', app, environment } as const;
  const caller = { name: actor, isOwner: false, proof: 'the ship' };
  throw refusal(policy, caller, { right: 'ship', place, owner: ownerName() });
}

/** Throws `access/may-not` for a ship that leads to environments of which its beginner may enter none. */
export async function requireMayShipSomewhere(
  store: Pick<Store, 'documents'>,
  { actor, app, environments }: Omit<Entry, 'environment'> & { environments: readonly string[] },
): Promise<void> {
  const policy = await policyOf(store);
  const [first] = environments;
  if (first === undefined) return;
  if (environments.some((environment) => mayShip(policy, actor, { app, environment }))) return;
  await requireMayShip(store, { actor, app, environment: first });
}

/**
 * The rules of an environment as its slipway.yml has them, and as the policy wants them at least: where each rollout
 * needs a reviewer, slipway.yml may choose among those who have the role, and may not do without.
 */
export async function rulesWithPolicy(
  store: Pick<Store, 'documents'>,
  rules: EnvironmentRules,
  place: { app: string; environment: string },
): Promise<EnvironmentRules> {
  const known = reviewersOf(await policyOf(store), place);
  if (known === null) return rules;
  const demanded = [...known, ownerName()];
  const chosen = rules.reviewers.filter((name) => demanded.includes(name));
  return { ...rules, reviewers: chosen.length > 0 ? chosen : demanded, preventSelfReview: true };
}
