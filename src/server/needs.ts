import type { FastifyRequest } from 'fastify';
import { repositoryScope } from '../secrets/index.ts';
import type { Place, Right } from '../access/index.ts';
import type { Answers } from '../wiring/index.ts';

/** What a call of the API asks for, before it is let through. */
export interface Need {
  right: Right;
  /** All of these; what is under way decides for some. */
  at: (request: FastifyRequest, answers: Answers) => Place[] | Promise<Place[]>;
  /** Event in the audit chain for each such call: for all that change something where a policy is in force. */
  event?: string;
}

const anywhere = () => [{ kind: 'anywhere' } as const];
const server = () => [{ kind: 'server' } as const];
const shipsIn = (request: FastifyRequest) => [{ kind: 'app', app: bodyOf(request).app } as const];
const environmentIn = (request: FastifyRequest) => [
  { kind: 'environment', app: bodyOf(request).app, environment: bodyOf(request).environment } as const,
];
const environmentAsked = ({ query }: FastifyRequest) => [
  {
    kind: 'environment',
    app: textIn(query, 'app') ?? '',
    environment: textIn(query, 'environment') ?? '',
  } as const,
];
const used = 'access.used';

/**
 * What each call needs, by method and route. A call that is not here is refused; a test holds it against the routes.
 * Answers of `anywhere` hold only what the caller may see.
 */
export const needs: Readonly<Record<string, Need>> = {
  'GET /v1/health': { right: 'look', at: anywhere },
  'GET /v1/status': { right: 'look', at: anywhere },
  'GET /v1/history': { right: 'look', at: anywhere },
  'GET /v1/ships': { right: 'look', at: anywhere },
  'GET /v1/access': { right: 'look', at: anywhere },
  'GET /v1/events': {
    right: 'look',
    at: (request) => [chainPlace(textIn(request.query, 'chain'), 'anywhere')],
  },
  'POST /v1/audit': { right: 'look', at: (request) => [chainPlace(textIn(request.body, 'chain'), 'server')] },
  'GET /v1/rollouts/:id': { right: 'look', at: rolloutPlace },
  'GET /v1/rollouts/:id/story': { right: 'look', at: rolloutPlace },
  'GET /v1/rollouts/:id/watch': { right: 'look', at: rolloutPlace },
  'GET /v1/ships/:id': { right: 'look', at: shipPlace },
  'GET /v1/ships/:id/watch': { right: 'look', at: shipPlace },
  'GET /v1/logs': { right: 'look', at: logPlace },
  'GET /v1/apps/:app/heads': { right: 'plan', at: appPlace },
  'PUT /v1/apps/:app/commits/:sha': { right: 'plan', at: appPlace },
  'POST /v1/plans': { right: 'plan', at: shipsIn },
  'POST /v1/ships': { right: 'ship', at: shipsIn, event: used },
  'POST /v1/ships/:id/rerun': { right: 'ship', at: appOfShip, event: used },
  'POST /v1/ships/:id/cancel': { right: 'abort', at: cancelledPlaces, event: used },
  'POST /v1/rollbacks': { right: 'rollback', at: environmentIn, event: used },
  'POST /v1/aborts': { right: 'abort', at: abortedPlaces, event: used },
  'POST /v1/words': { right: 'decide', at: rolloutUnderWay, event: used },
  'POST /v1/repairs': { right: 'manage', at: environmentIn, event: used },
  'POST /v1/replacements': { right: 'manage', at: environmentIn, event: used },
  'POST /v1/collections': { right: 'manage', at: server, event: used },
  'PUT /v1/secrets': {
    right: 'manage',
    at: (request) => [secretPlace(bodyOf(request).app, bodyOf(request).environment)],
    event: used,
  },
  'GET /v1/secrets': {
    right: 'manage',
    at: ({ query }) => [secretPlace(textIn(query, 'app') ?? '', textIn(query, 'environment'))],
    event: 'secrets.listed',
  },
  // Whoever may bring a release to an environment may say who sees what of it. The change writes its own event.
  'GET /v1/flags': { right: 'look', at: environmentAsked },
  'GET /v1/flags/history': { right: 'look', at: environmentAsked },
  'POST /v1/flags/evaluations': { right: 'look', at: environmentIn },
  'POST /v1/flags': { right: 'ship', at: environmentIn },
  'GET /v1/flags/ramps': { right: 'look', at: environmentAsked },
  'POST /v1/flags/ramps': { right: 'ship', at: environmentIn },
  'POST /v1/flags/ramps/words': { right: 'ship', at: environmentIn },
  // These write what was granted, and to whom, themselves.
  'POST /v1/grants': { right: 'manage', at: server },
  'POST /v1/revocations': { right: 'manage', at: server },
  'POST /v1/reviews': { right: 'manage', at: server },
  // Looks and acts of other servers, many a minute; those keep what they do in chains of their own.
  'POST /machine/calls': { right: 'manage', at: server },
  'PUT /machine/images': { right: 'manage', at: server },
  'PUT /machine/files': { right: 'manage', at: server },
  'GET /machine/logs': { right: 'manage', at: server },
  'POST /v1/shutdown': { right: 'manage', at: server, event: used },
};

/** Words to a rollout are of two kinds: who decides moves it on or back, who holds only stops and starts it. */
export function rightOf(need: Need, request: FastifyRequest): Right {
  const verb = textIn(request.body, 'verb');
  return need.at === rolloutUnderWay && (verb === 'pause' || verb === 'resume') ? 'hold' : need.right;
}

/** A field of what was sent, if it is a text; what else is wrong with it, the route itself says. */
export function textIn(sent: unknown, field: string): string | undefined {
  if (typeof sent !== 'object' || sent === null || !Object.hasOwn(sent, field)) return undefined;
  const value: unknown = (sent as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : undefined;
}

function bodyOf({ body }: FastifyRequest): { app: string; environment: string } {
  return { app: textIn(body, 'app') ?? '', environment: textIn(body, 'environment') ?? '' };
}

function idIn(request: FastifyRequest): string {
  return textIn(request.params, 'id') ?? '';
}

function appPlace({ params }: FastifyRequest): Place[] {
  return [{ kind: 'app', app: textIn(params, 'app') ?? '' }];
}

/** `shop/production`, `shop`, or `server`. */
export function chainPlace(chain: string | undefined, without: 'anywhere' | 'server'): Place {
  if (chain === undefined) return { kind: without };
  const [app = '', environment] = chain.split('/');
  if (environment !== undefined) return { kind: 'environment', app, environment };
  return chain === 'server' ? { kind: 'server' } : { kind: 'app', app };
}

function secretPlace(app: string, environment: string | undefined): Place {
  return environment === undefined || environment === repositoryScope
    ? { kind: 'whole-app', app }
    : { kind: 'environment', app, environment };
}

async function shipPlace(request: FastifyRequest, answers: Answers): Promise<Place[]> {
  const { app, actor } = await answers.shipView(idIn(request));
  return [{ kind: 'app', app, startedBy: actor }];
}

/** Who ends a ship ends its rollouts: that takes the right to it where they are. */
async function cancelledPlaces(request: FastifyRequest, answers: Answers): Promise<Place[]> {
  const { app, actor, rollouts } = await answers.shipView(idIn(request));
  const own = new Set(rollouts.map(({ id }) => id));
  const going = await answers.underWay({ app, environment: null, rollout: null });
  const found = going.filter(({ id }) => own.has(id));
  if (found.length === 0) return [{ kind: 'app', app, startedBy: actor }];
  return found.map(({ environment }) => ({ kind: 'environment', app, environment, startedBy: actor }));
}

async function appOfShip(request: FastifyRequest, answers: Answers): Promise<Place[]> {
  const { app } = await answers.shipView(idIn(request));
  return [{ kind: 'app', app }];
}

async function rolloutPlace(request: FastifyRequest, answers: Answers): Promise<Place[]> {
  const { app, environment } = await answers.rollout(idIn(request));
  return [{ kind: 'environment', app, environment }];
}

async function logPlace({ query }: FastifyRequest, answers: Answers): Promise<Place[]> {
  const ship = textIn(query, 'ship');
  if (ship !== undefined) return [{ kind: 'app', app: (await answers.shipView(ship)).app }];
  return [
    {
      kind: 'environment',
      app: textIn(query, 'app') ?? '',
      environment: textIn(query, 'environment') ?? '',
    },
  ];
}

async function rolloutUnderWay(request: FastifyRequest, answers: Answers): Promise<Place[]> {
  const { app, environment } = bodyOf(request);
  const [first] = await answers.underWay({ app, environment, rollout: null });
  return [{ kind: 'environment', app, environment, startedBy: first?.requestedBy }];
}

/** Each of what would end; where nothing is under way, whoever may abort something may hear so. */
async function abortedPlaces({ body }: FastifyRequest, answers: Answers): Promise<Place[]> {
  const found = await answers.underWay({
    app: textIn(body, 'app') ?? null,
    environment: textIn(body, 'environment') ?? null,
    rollout: textIn(body, 'rollout') ?? null,
  });
  if (found.length === 0) return anywhere();
  return found.map(({ app, environment, requestedBy }) => ({
    kind: 'environment',
    app,
    environment,
    startedBy: requestedBy,
  }));
}
