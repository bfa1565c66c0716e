import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  grantText,
  grantsText,
  isInForce,
  may,
  requireRole,
  requireWhere,
  whereText,
  withGrant,
  withoutGrant,
  withReview,
  type Person,
} from '../access/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { changePolicy, ownerName, policyOf, type System } from '../wiring/index.ts';
import type { AccessView, PersonView } from './api.ts';
import { proofOf, uidOf, type Doors } from './doors.ts';
import type { Guard } from './guard.ts';

const word = z.string().min(1).max(200);
const grantRequest = z.object({ person: word, role: word, where: word.default('*') });
const revocationRequest = z.object({ person: word, role: word.optional(), where: word.optional() });

const reviewRequest = z.object({ where: word, on: z.boolean() });

/** Showing and changing who may do what. A change opens or closes doors before it is answered. */
export function addAccess(
  api: FastifyInstance,
  { system, guard, doors }: { system: System; guard: Guard; doors: Doors },
): void {
  const { store } = system;
  api.get('/v1/access', (request): AccessView => {
    const { caller, policy } = guard.guestOf(request);
    const all = may(policy, caller, { right: 'manage', place: { kind: 'server' } });
    const people = policy.people.filter(({ name }) => all || name === caller.name);
    return {
      you: { name: caller.name, proof: caller.proof, isOwner: caller.isOwner },
      owner: ownerName(),
      inForce: isInForce(policy),
      reviewed: policy.reviewed.map(whereText),
      people: people.map(viewOf),
    };
  });
  api.post('/v1/grants', async (request): Promise<PersonView> => {
    const wish = grantRequest.parse(request.body);
    const grant = { role: requireRole(wish.role), where: requireWhere(wish.where) };
    requireNotOwner(wish.person);
    const { caller } = guard.guestOf(request);
    // Only root can give a socket to another user; elsewhere people come in by `slipway dial --as`.
    const uid = process.getuid?.() === 0 ? await uidOf(wish.person) : null;
    const change = { name: wish.person, uid, grant };
    const wanted = withGrant(await policyOf(store), change);
    // The door first: a grant that nobody can use would be a promise.
    await doors.match(wanted.people);
    const data = { person: wish.person, uid, granted: grantText(grant), proof: caller.proof };
    const policy = await changePolicy(store, (now) => withGrant(now, change), {
      type: 'access.granted',
      actor: caller.name,
      data,
    });
    return viewOf(policy.people.find(({ name }) => name === wish.person) as Person);
  });
  api.post('/v1/revocations', async (request, reply) => {
    const wish = revocationRequest.parse(request.body);
    const revocation = {
      name: wish.person,
      role: wish.role === undefined ? null : requireRole(wish.role),
      where: wish.where === undefined ? null : requireWhere(wish.where),
    };
    const { caller } = guard.guestOf(request);
    const { role, where } = wish;
    const revoked = role === undefined ? 'everything' : `${role} ${where ?? 'wherever it was granted'}`;
    const policy = await changePolicy(store, (now) => withoutGrant(now, revocation), {
      type: 'access.revoked',
      actor: caller.name,
      data: { person: wish.person, revoked, proof: caller.proof },
    });
    await doors.match(policy.people);
    return reply.code(204).send();
  });
  api.post('/v1/reviews', async (request, reply) => {
    const { where, on } = reviewRequest.parse(request.body);
    const { caller } = guard.guestOf(request);
    await changePolicy(store, (now) => withReview(now, requireWhere(where), on), {
      type: on ? 'access.protected' : 'access.unprotected',
      actor: caller.name,
      data: { where, proof: caller.proof },
    });
    return reply.code(204).send();
  });
}

function viewOf(person: Person): PersonView {
  return {
    name: person.name,
    uid: person.uid,
    grants: person.grants.map(grantText),
    is: grantsText(person),
    proof: proofOf(person),
  };
}

function requireNotOwner(name: string): void {
  if (name !== ownerName()) return;
  throw new CodedError('server/is-owner', `${name} owns this server and may do everything already`, {
    help: "name the user name of somebody else on the server's machine: slipway access grant ana viewer",
  });
}
