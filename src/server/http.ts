import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { z } from 'zod';
import { CodedError } from '../diagnostics/index.ts';
import { FindingsError, type Answers, type HealthView, type System } from '../wiring/index.ts';
import { addAccess } from './access-routes.ts';
import type { ErrorBody } from './api.ts';
import type { Doors } from './doors.ts';
import { addFlags } from './flag-routes.ts';
import type { Guard } from './guard.ts';
import { addMachines } from './machine-routes.ts';
import {
  abortRequest,
  folder,
  name,
  ref,
  repairRequest,
  rollbackRequest,
  secretRequest,
  secretScope,
  sha,
  shipRequest,
  wordRequest,
} from './request-shapes.ts';
import { saveBody } from './save-body.ts';
import { seenEvents, seenHistory, seenShips, seenStatus } from './seen.ts';
import { sendLogs, watch } from './streams.ts';

const bundleLimitBytes = 4 * 1024 ** 3;

interface ServerParts {
  system: System;
  answers: Answers;
  guard: Guard;
  doors: Doors;
  /** Ends the server, and with `all` every app, the router and the supervisor too. */
  shutdown: (all: boolean) => void;
}

/** The HTTP API of api.ts over a system. */
export function createApi(parts: ServerParts): FastifyInstance {
  const api = fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
  });
  api.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  api.setErrorHandler((error: FastifyError, _request, reply) => sendError(error, reply, parts));
  api.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .send(
        findings(
          new CodedError('server/unknown-path', `${request.method} ${request.url} is not part of the API`),
        ),
      ),
  );
  parts.guard.watch(api);
  addReading(api, parts);
  addShipping(api, parts);
  addChanging(api, parts);
  addAccess(api, parts);
  addFlags(api, parts.answers);
  addMachines(api, parts.system);
  return api;
}

function addReading(api: FastifyInstance, { system, answers, guard, doors }: ServerParts): void {
  const withDoors = (health: HealthView) => ({
    ...health,
    warnings: [...health.warnings, ...doors.warnings],
  });
  api.get('/v1/health', async () => withDoors(await answers.health()));
  api.get('/v1/status', async (request) => {
    const view = await answers.status();
    return seenStatus({ ...view, server: withDoors(view.server) }, guard.guestOf(request));
  });
  api.get('/v1/history', async (request) => {
    const query = z
      .object({
        app: folder.optional(),
        environment: folder.optional(),
        limit: z.coerce.number().int().positive().default(50),
      })
      .parse(request.query);
    const entries = await answers.history({
      app: query.app ?? null,
      environment: query.environment ?? null,
      limit: query.limit,
    });
    return seenHistory(entries, guard.guestOf(request));
  });
  api.get('/v1/events', async (request) => {
    const query = z
      .object({
        chain: name.optional(),
        after: z.coerce.number().int().optional(),
        limit: z.coerce.number().int().positive().default(200),
      })
      .parse(request.query);
    const { chain, after, limit } = query;
    const events = await system.store.events.list({
      ...(chain === undefined ? {} : { chain }),
      ...(after === undefined ? {} : { afterId: after }),
      limit,
    });
    return seenEvents(events, guard.guestOf(request));
  });
  api.post('/v1/audit', (request) =>
    system.store.audit.verify(z.object({ chain: name.optional() }).parse(request.body).chain),
  );
  api.get('/v1/rollouts/:id', (request) => answers.rollout(idOf(request)));
  api.get('/v1/rollouts/:id/story', (request) => answers.story(idOf(request)));
  api.get('/v1/rollouts/:id/watch', (request, reply) =>
    watch(reply, system.store, {
      look: () => answers.rollout(idOf(request)),
      ended: ({ state }) => ['succeeded', 'failed', 'aborted', 'superseded'].includes(state),
    }),
  );
  api.get('/v1/logs', (request, reply) => sendLogs(request, reply, { system, answers }));
}

function addShipping(api: FastifyInstance, { system, answers, guard }: ServerParts): void {
  api.get('/v1/apps/:app/heads', async (request) => ({ commits: await answers.heads(appOf(request)) }));
  api.put('/v1/apps/:app/commits/:sha', { bodyLimit: bundleLimitBytes }, async (request, reply) => {
    const query = z.object({ ref }).parse(request.query);
    const commit = sha.parse((request.params as { sha: string }).sha);
    await receiveBundle(request, system.layout.home, (file) =>
      answers.receive({ app: appOf(request), ref: query.ref, commit, file }),
    );
    return reply.code(204).send();
  });
  api.post('/v1/plans', (request) => answers.plan(shipRequest.parse(request.body)));
  api.post('/v1/ships', (request) => answers.ship(shipRequest.parse(request.body)));
  api.get('/v1/ships', async (request) => {
    const query = z
      .object({ app: folder.optional(), limit: z.coerce.number().int().positive().default(20) })
      .parse(request.query);
    const ships = await answers.ships({ app: query.app ?? null, limit: query.limit });
    return seenShips(ships, guard.guestOf(request));
  });
  api.get('/v1/ships/:id', (request) => answers.shipView(idOf(request)));
  api.get('/v1/ships/:id/watch', (request, reply) =>
    watch(reply, system.store, {
      look: () => answers.shipView(idOf(request)),
      ended: ({ state }) => state !== 'running',
    }),
  );
  api.post('/v1/ships/:id/rerun', async (request) => {
    const { actor, failed } = z.object({ actor: name, failed: z.boolean() }).parse(request.body);
    return { ship: await answers.rerun({ ship: idOf(request), actor, failed }) };
  });
  api.post('/v1/ships/:id/cancel', async (request, reply) => {
    await answers.cancel(idOf(request), z.object({ actor: name }).parse(request.body).actor);
    return reply.code(204).send();
  });
}

function addChanging(api: FastifyInstance, { system, answers, shutdown }: ServerParts): void {
  api.post('/v1/rollbacks', async (request) => {
    const wish = rollbackRequest.parse(request.body);
    return answers.rollback({ ...wish, to: wish.to ?? null });
  });
  api.post('/v1/words', async (request) => ({
    rollout: await answers.say(wordRequest.parse(request.body)),
  }));
  api.post('/v1/repairs', async (request) => ({
    rollout: await answers.repair(repairRequest.parse(request.body)),
  }));
  api.post('/v1/replacements', async (request, reply) => {
    await answers.applyShared(repairRequest.extend({ service: name }).parse(request.body));
    return reply.code(204).send();
  });
  api.post('/v1/collections', (request) =>
    answers.collect(z.object({ dryRun: z.boolean() }).parse(request.body)),
  );
  api.post('/v1/aborts', async (request) => {
    const { app, environment, rollout, actor } = abortRequest.parse(request.body);
    const rollouts = await answers.abort({
      app: app ?? null,
      environment: environment ?? null,
      rollout: rollout ?? null,
      actor,
    });
    return { rollouts };
  });
  api.put('/v1/secrets', async (request) => {
    const { app, environment, name: secret, value, actor } = secretRequest.parse(request.body);
    const { version } = await system.vault.put({ app, environment, name: secret }, value);
    const data = { name: secret, version };
    await system.store.events.append([{ chain: `${app}/${environment}`, type: 'secret.set', actor, data }]);
    return { version };
  });
  api.get('/v1/secrets', (request) => {
    const { app, environment } = z
      .object({ app: folder, environment: secretScope.optional() })
      .parse(request.query);
    return system.vault.list({ app, ...(environment === undefined ? {} : { environment }) });
  });
  api.post('/v1/shutdown', (request, reply) => {
    const { all } = z.object({ all: z.boolean().default(false) }).parse(request.body);
    reply.raw.once('close', () => shutdown(all));
    return reply.code(204).send();
  });
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function appOf(request: FastifyRequest): string {
  return (request.params as { app: string }).app;
}

async function receiveBundle(
  request: FastifyRequest,
  home: string,
  take: (file: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(home, 'incoming-'));
  try {
    const file = join(folder, 'commit.bundle');
    await saveBody(request.body as Readable, file);
    await take(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function sendError(error: FastifyError, reply: FastifyReply, { system }: ServerParts): FastifyReply {
  const cause: unknown = error;
  if (cause instanceof FindingsError) {
    const body: ErrorBody = { findings: cause.findings, sources: cause.sources };
    return reply.code(422).send(body);
  }
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    const full = new CodedError('server/disk-full', `no space left to write to ${system.layout.home}`, {
      notes: [error.message],
      help: 'free some space on the machine of the server ("df -h" shows where), then try again',
    });
    return reply.code(507).send(findings(full));
  }
  if (cause instanceof CodedError) return reply.code(statusOf(cause.code)).send(findings(cause));
  if (cause instanceof z.ZodError) {
    const notes = cause.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return reply
      .code(400)
      .send(
        findings(new CodedError('server/bad-request', 'the request is not as the API wants it', { notes })),
      );
  }
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return reply.code(error.statusCode).send(findings(new CodedError('server/bad-request', error.message)));
  }
  system.options.log({ level: 'error', message: `request failed: ${error.message}`, stack: error.stack });
  const internal = new CodedError('server/internal', `something in Slipway went wrong: ${error.message}`, {
    help: `report this with the last lines of ${system.layout.serverLog}`,
  });
  return reply.code(500).send(findings(internal));
}

/** Refusals that a rule or the present state gives, apart from what does not exist and what was asked wrongly. */
const conflicts = [
  'wiring/rollout-under-way',
  'wiring/nothing-runs',
  'wiring/no-rollout',
  'wiring/not-now',
  'wiring/not-yours',
  'wiring/serves-already',
  'wiring/no-earlier-release',
  'wiring/app-renamed',
  'wiring/not-promoted',
  'wiring/branch-not-allowed',
  'wiring/host-taken',
  'wiring/already-released',
  'wiring/nothing-failed',
  'wiring/still-running',
];

/** The database is away or taken for a moment: to be asked again. */
const passing = ['store/unreachable', 'store/busy'];

function statusOf(code: string): number {
  if (passing.includes(code)) return 503;
  if (conflicts.includes(code)) return 409;
  if (code === 'access/may-not') return 403;
  if (code.endsWith('/disk-full')) return 507;
  return code.includes('/no-such-') ? 404 : 422;
}

function findings(error: CodedError): ErrorBody {
  return { findings: [error.toFinding()], sources: {} };
}
