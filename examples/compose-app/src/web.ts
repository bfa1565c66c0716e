import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { serve } from './serve.ts';
import { version } from './version.ts';

const backend = process.env['BACKEND'] ?? 'http://localhost:4000';
const sessionKey = readFileSync('/run/secrets/session_key', 'utf8').trim();

async function fromBackend(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(backend + path, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

serve(Number(process.env['PORT'] ?? 3000), {
  '/': async () => {
    const { status, body } = await fromBackend('/notes');
    return { status, body: { web: version, ...body, key: createHash('sha256').update(sessionKey).digest('hex').slice(0, 8) } };
  },
  '/notes': () => fromBackend('/notes'),
  '/ready': async () => {
    const { status, body } = await fromBackend('/ready');
    return { status, body: { web: version, ...body } };
  },
});
