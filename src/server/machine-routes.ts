import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { System } from '../wiring/index.ts';
import { sendLines } from './streams.ts';

/** Secrets and configuration files of a container come along with it. */
const callLimitBytes = 32 * 1024 ** 2;
const archiveLimitBytes = 256 * 1024 ** 3;

/** What servers of other machines ask of this one, for copies that run here. */
export function addMachines(api: FastifyInstance, { guests }: Pick<System, 'guests'>): void {
  api.post('/machine/calls', { bodyLimit: callLimitBytes }, async (request) => ({
    value: (await guests.answer(request.body)) ?? null,
  }));
  api.put('/machine/images', { bodyLimit: archiveLimitBytes }, async (request, reply) => {
    const gone = new AbortController();
    // A sender that gives up ends the archive in the middle.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    await guests.takeImages(queryOf(request), request.body as Readable, gone.signal);
    return reply.code(204).send();
  });
  api.put('/machine/files', { bodyLimit: archiveLimitBytes }, async (request, reply) => {
    await guests.takeFiles(queryOf(request), request.body as Readable);
    return reply.code(204).send();
  });
  api.get('/machine/logs', async (request, reply) => {
    const gone = new AbortController();
    return sendLines(reply, guests.logs(queryOf(request), gone.signal), gone);
  });
}

function queryOf({ query }: FastifyRequest): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(query as object).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
