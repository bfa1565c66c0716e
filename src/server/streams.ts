import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CodedError } from '../diagnostics/index.ts';
import { jobLogs, machineLogs, type Answers, type LogLine, type System } from '../wiring/index.ts';
import { folder, name } from './request-shapes.ts';

/** Between two looks at least; what is shown may change without a commit, so at most the other. */
const watchGapMs = 60;
const watchAtLeastMs = 500;
/** A watcher hears at least this often, so that a broken connection shows. */
const heartbeatMs = 15_000;

/** Sends a view a line, at each change, until it has ended or nobody listens. */
export async function watch<T>(
  reply: FastifyReply,
  store: System['store'],
  { look, ended }: { look: () => Promise<T>; ended: (view: T) => boolean },
): Promise<FastifyReply> {
  const first = await look();
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'application/x-ndjson' });
  let last = '';
  let saidAtMs = 0;
  await endingWith(raw, async () => {
    for (let view = first; !raw.destroyed; view = await look()) {
      const text = JSON.stringify(view);
      if (text !== last || performance.now() - saidAtMs > heartbeatMs) {
        raw.write(`${text}\n`);
        saidAtMs = performance.now();
      }
      last = text;
      if (ended(view)) break;
      const token = store.changeToken();
      await sleep(watchGapMs);
      await store.waitForChange(token, watchAtLeastMs);
    }
  });
  return reply;
}

/** Ends a response with what fills it. One that fails is broken off, so that its reader knows that more was to come. */
async function endingWith(raw: ServerResponse, fill: () => Promise<void>): Promise<void> {
  try {
    await fill();
    raw.end();
  } catch {
    raw.destroy();
  }
}

/** Sends the lines that are asked for, and with `follow` those that come. */
export async function sendLogs(
  request: FastifyRequest,
  reply: FastifyReply,
  { system, answers }: { system: System; answers: Answers },
): Promise<FastifyReply> {
  const query = z
    .object({
      app: folder.optional(),
      environment: folder.optional(),
      process: name.optional(),
      ship: name.optional(),
      job: name.optional(),
      lines: z.coerce.number().int().nonnegative().optional(),
      follow: z.enum(['0', '1', 'true', 'false']).default('0'),
    })
    .parse(request.query);
  const gone = new AbortController();
  const { layout } = system;
  const options = {
    lines: query.lines ?? null,
    follow: query.follow === '1' || query.follow === 'true',
    signal: gone.signal,
  };
  const { ship, app, environment } = query;
  if (ship !== undefined) await answers.shipView(ship);
  else if (app === undefined || environment === undefined) {
    throw new CodedError('server/bad-request', 'logs are asked for by ship, or by app and environment');
  } else if (query.process !== undefined)
    await answers.requireProcess({ app, environment, process: query.process });
  if (ship !== undefined && query.job !== undefined) await answers.requireJob(ship, query.job);
  const lines =
    ship === undefined
      ? machineLogs(
          `${app ?? ''}/${environment ?? ''}`,
          { ...options, process: query.process ?? null },
          system,
        )
      : jobLogs(
          {
            layout,
            job: query.job ?? null,
            runs: () => answers.runsOf(ship),
            ended: async () => (await answers.shipView(ship)).state !== 'running',
            buildLog: await answers.buildLog(ship),
          },
          options,
        );
  return sendLines(reply, lines, gone);
}

/** Sends lines until they end, or nobody listens: then `gone` is told. */
export async function sendLines(
  reply: FastifyReply,
  lines: AsyncIterable<LogLine>,
  gone: AbortController,
): Promise<FastifyReply> {
  reply.hijack();
  const { raw } = reply;
  raw.on('close', () => gone.abort());
  raw.writeHead(200, { 'content-type': 'application/x-ndjson' });
  await endingWith(raw, async () => {
    for await (const line of lines) {
      if (raw.destroyed) break;
      if (!raw.write(`${JSON.stringify(line)}\n`))
        await new Promise((resolve) => raw.once('drain', resolve).once('close', resolve));
    }
  });
  return reply;
}
