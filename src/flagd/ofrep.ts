import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FlagContext, FlagSnapshot, Outcome } from '../flags/index.ts';

/** A call of OFREP, read. */
interface OfrepCall {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

interface OfrepAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const root = '/ofrep/v1/evaluate/flags';

/**
 * Answers OFREP, the plain HTTP way to flags: one flag, or all with an ETag by which nothing is sent twice.
 *
 * @see https://github.com/open-feature/protocol
 */
export function answerOfrep({ method, path, headers, body }: OfrepCall, snapshot: FlagSnapshot): OfrepAnswer {
  const key = keyIn(path);
  if (key === null) return json(404, { errorDetails: 'there is nothing here' });
  if (method !== 'POST') return json(405, { errorDetails: 'OFREP asks with POST' });
  const context = contextIn(body);
  if (context === null) {
    const wrong = { errorCode: 'INVALID_CONTEXT', errorDetails: 'the body must be {"context": {…}}' };
    return json(400, key === '' ? wrong : { key, ...wrong });
  }
  if (key !== '') return answerOne(key, snapshot.resolve(key, context));
  const flags = snapshot.resolveAll(context).map(({ key, outcome }) => successOf(key, outcome));
  return tagged(json(200, { flags, metadata: snapshot.metadata }), headers['if-none-match']);
}

/** The key that is asked for; empty for all, null where the path leads elsewhere. */
function keyIn(path: string): string | null {
  const bare = path.replace(/[?#].*$/s, '').replace(/\/$/, '');
  if (bare === root) return '';
  if (!bare.startsWith(`${root}/`)) return null;
  try {
    return decodeURIComponent(bare.slice(root.length + 1));
  } catch {
    return null;
  }
}

function contextIn(body: string): FlagContext | null {
  try {
    const { context = {} } = body.trim() === '' ? {} : (JSON.parse(body) as { context?: unknown });
    return typeof context === 'object' && context !== null && !Array.isArray(context)
      ? (context as FlagContext)
      : null;
  } catch {
    return null;
  }
}

function answerOne(key: string, outcome: Outcome): OfrepAnswer {
  if (outcome.kind !== 'error') return json(200, successOf(key, outcome));
  const { code, message, metadata } = outcome;
  return json(code === 'FLAG_NOT_FOUND' ? 404 : 400, {
    key,
    errorCode: code,
    errorDetails: message,
    metadata,
  });
}

function successOf(key: string, outcome: Exclude<Outcome, { kind: 'error' }>) {
  const { reason, metadata } = outcome;
  if (outcome.kind === 'default') return { key, reason, metadata };
  return { key, value: outcome.value, variant: outcome.variant, reason, metadata };
}

function tagged(answer: OfrepAnswer, known: string | undefined): OfrepAnswer {
  const etag = `"${createHash('sha256').update(answer.body).digest('base64url').slice(0, 22)}"`;
  if (known?.replace(/^W\//, '') === etag) return { status: 304, headers: { etag }, body: '' };
  return { ...answer, headers: { ...answer.headers, etag } };
}

function json(status: number, value: unknown): OfrepAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
