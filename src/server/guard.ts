import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isInForce, may, requireRight, type Caller, type Place, type Policy } from '../access/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { ownerName, policyOf, type Answers, type System } from '../wiring/index.ts';
import { needs, rightOf } from './needs.ts';

/** Who asks, and what they may; every answer that lists things asks it what to leave out. */
export interface Guest {
  caller: Caller;
  policy: Policy;
  /** Whether names are proven: with a policy in force they are, without one they are what people say. */
  proven: boolean;
  sees: (place: Place) => boolean;
}

/**
 * Checks every call in one place: knows the caller by the socket that the connection came through, and lets pass what
 * `needs` says and the policy allows. Where a policy is in force, the name that a call claims is replaced by the proven one.
 */
export class Guard {
  readonly #system: System;
  readonly #answers: Answers;
  readonly #routes = new Set<string>();
  readonly #callers = new WeakMap<Socket, Caller>();
  readonly #guests = new WeakMap<FastifyRequest, Guest>();

  constructor({ system, answers }: { system: System; answers: Answers }) {
    this.#system = system;
    this.#answers = answers;
  }

  /** Says who is at the other end of a connection, for as long as it lasts. */
  greet(socket: Socket, caller: Caller): void {
    this.#callers.set(socket, caller);
  }

  /**
   * Stands before every route that is added to the API from now on.
   * A route that `needs` does not know is a bug, and no server starts with it.
   */
  watch(api: FastifyInstance): void {
    api.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) this.#know(`${one} ${url}`);
    });
    api.addHook('preHandler', (request) => this.#check(request));
  }

  /** Every route that this stands before. */
  get routes(): ReadonlySet<string> {
    return this.#routes;
  }

  #know(call: string): void {
    if (!needs[call]) throw new Error(`${call} does not say what it needs`);
    this.#routes.add(call);
  }

  guestOf(request: FastifyRequest): Guest {
    const guest = this.#guests.get(request);
    if (!guest) throw new Error(`${request.method} ${request.url} passed nobody`);
    return guest;
  }

  async #check(request: FastifyRequest): Promise<void> {
    const caller = this.#callers.get(request.raw.socket);
    const call = `${request.method} ${request.routeOptions.url ?? ''}`;
    // What no route takes is told by the one who says so.
    if (request.is404) return;
    const need = needs[call];
    if (!caller || !need) throw new Error(`${call} came from nobody, or needs nothing`);
    const policy = await policyOf(this.#system.store);
    const proven = isInForce(policy);
    const owner = ownerName();
    const sees = (place: Place) => may(policy, caller, { right: 'look', place });
    this.#guests.set(request, { caller, policy, proven, sees });
    if (caller.isOwner && !proven && need.event !== 'secrets.listed') return;
    const right = rightOf(need, request);
    const found = caller.isOwner ? [] : await need.at(request, this.#answers);
    // What is about nothing in particular is about all.
    const places = found.length > 0 ? found : [{ kind: 'server' } as const];
    try {
      for (const place of places) requireRight(policy, caller, { right, place, owner });
    } catch (error) {
      this.#logRefusal(call, caller, error);
      throw error;
    }
    if (proven) claimNothing(request, caller);
    if (need.event !== undefined) await this.#record(need.event, { call, request, caller });
  }

  /** Into the server's log, not the audit chain: that must not grow by what strangers try. */
  #logRefusal(call: string, { name, proof }: Caller, error: unknown): void {
    const message = `refused: ${error instanceof CodedError ? error.message : String(error)}`;
    this.#system.options.log({ level: 'info', message, call, person: name, proof });
  }

  async #record(
    type: string,
    { call, request, caller }: { call: string; request: FastifyRequest; caller: Caller },
  ): Promise<void> {
    const about = { ...paramsOf(request.query), ...paramsOf(request.params), ...paramsOf(request.body) };
    const { app, environment, id } = about;
    const chain = app === undefined ? 'server' : environment === undefined ? app : `${app}/${environment}`;
    const data = { call, proof: caller.proof, ...(id === undefined ? {} : { id }) };
    await this.#system.store.events.append([{ chain, type, actor: caller.name, data }]);
  }
}

function claimNothing({ body }: FastifyRequest, { name }: Caller): void {
  if (typeof body === 'object' && body !== null && 'actor' in body) body.actor = name;
}

/** Only what names a chain or a thing: a body may hold a secret. */
function paramsOf(sent: unknown): { app?: string; environment?: string; id?: string } {
  return { ...field(sent, 'app'), ...field(sent, 'environment'), ...field(sent, 'id') };
}

const chainName = /^[A-Za-z0-9_*-]{1,64}$/;

function field(sent: unknown, name: string): Record<string, string> {
  if (typeof sent !== 'object' || sent === null || !(name in sent)) return {};
  const value: unknown = (sent as Record<string, unknown>)[name];
  return typeof value === 'string' && chainName.test(value) ? { [name]: value } : {};
}
