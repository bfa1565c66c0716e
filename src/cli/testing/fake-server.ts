import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one request is answered with: a value as JSON, lines one after the other, or a refusal. */
export type Answer =
  | { json: unknown }
  | { lines: readonly unknown[]; everyMs?: number; open?: boolean }
  | { status: number; json: unknown };

/** A server on a unix socket that answers what it was told to, by `METHOD /path`. */
export interface FakeServer {
  home: string;
  /** Requests as they came: `POST /v1/ships`, and their bodies. */
  seen: { call: string; body: string }[];
  /** May be changed while it runs; several answers are given one after the other, the last one for ever. */
  answers: Record<string, Answer | Answer[]>;
  stop(): Promise<void>;
}

export async function startFakeServer(answers: FakeServer['answers']): Promise<FakeServer> {
  const home = await mkdtemp(join(tmpdir(), 'slipway-fake-'));
  const fake: FakeServer = { home, seen: [], answers, stop };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = `${request.method} ${request.url}`;
      fake.seen.push({ call, body: Buffer.concat(chunks).toString('latin1') });
      const answer = nextAnswer(fake, call);
      if ('lines' in answer) void streamTo(response, answer);
      else response.writeHead('status' in answer ? answer.status : 200).end(JSON.stringify(answer.json));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(join(home, 'server.sock'), resolve);
  });
  return fake;

  async function stop(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await rm(home, { recursive: true, force: true });
  }
}

function nextAnswer({ answers }: FakeServer, call: string): Answer {
  const key = call in answers ? call : call.replace(/\?.*/, '');
  const found = answers[key];
  if (!Array.isArray(found))
    return found ?? { status: 404, json: refusal('fake/no-answer', `no answer for ${call}`) };
  const [first, ...rest] = found;
  if (rest.length > 0) answers[key] = rest;
  return first ?? { json: null };
}

async function streamTo(
  response: ServerResponse,
  { lines, everyMs = 0, open = false }: { lines: readonly unknown[]; everyMs?: number; open?: boolean },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  for (const line of lines) {
    response.write(`${JSON.stringify(line)}\n`);
    if (everyMs > 0) await sleep(everyMs);
  }
  if (!open) response.end();
}

/** The body of a refusal with one finding. */
export function refusal(code: string, message: string, help?: string) {
  const finding = { code, severity: 'error' as const, message, notes: [] };
  return { findings: [help === undefined ? finding : { ...finding, help }], sources: {} };
}
