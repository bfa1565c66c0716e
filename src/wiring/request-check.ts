import { request, type IncomingMessage } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { RequestCheck } from '../app/index.ts';
import { jsonOf, valueAt } from './json-path.ts';

/** Who is asked, and what the answer must be. */
export interface Question {
  host: string;
  port: number;
  /** As whom it is asked. */
  name: string;
  /** Its certificate is not checked: it is this machine that is asked. */
  tls: boolean;
  /** Headers of the request beside those that every probe has. */
  headers: Record<string, string>;
  check: RequestCheck;
  timeoutMs: number;
}

/** What somebody answered; of the body no more than the first mebibyte. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const longestBodyBytes = 1_048_576;
/** Of an answer that is not as it should be, so much is quoted. */
const quotedLength = 200;

/**
 * Asks once. Redirects are answers like any other: they are not followed, so that no answer leads anywhere else.
 *
 * @returns null when the answer is as it should be, else what is wrong and the beginning of what came. Never throws.
 */
export async function requestFailure(asked: Question): Promise<{ why: string; logTail: string[] } | null> {
  try {
    const answer = await ask(asked);
    const why = mismatch(answer, asked.check);
    return why === null ? null : { why, logTail: quote(answer) };
  } catch (error) {
    return { why: (error as Error).message, logTail: [] };
  }
}

/** What of an answer is not as a check says, in a few words; null when all is. */
export function mismatch({ status, headers, body }: Answer, check: RequestCheck): string | null {
  if (status !== check.status) return `it answered ${status}, not ${check.status}`;
  for (const [name, wanted] of Object.entries(check.headers)) {
    const value = [headers[name] ?? []].flat().join(', ');
    if (!value.includes(wanted))
      return `its header ${name} is ${value === '' ? 'missing' : `"${value}"`}, without "${wanted}"`;
  }
  if (check.body !== null && !body.includes(check.body)) return `its body does not hold "${check.body}"`;
  const paths = Object.entries(check.json);
  if (paths.length === 0) return null;
  const parsed = jsonOf(body);
  if (parsed === undefined) return 'its body is no JSON';
  for (const [path, wanted] of paths) {
    const found = valueAt(parsed, path);
    if (found !== wanted)
      return `${path} is ${found === undefined ? 'missing' : JSON.stringify(found)}, not ${JSON.stringify(wanted)}`;
  }
  return null;
}

function quote({ status, body }: Answer): string[] {
  const begin = body.trim().slice(0, quotedLength);
  return [`HTTP ${status}`, ...(begin === '' ? [] : begin.split('\n'))];
}

function ask({ host, port, name, tls, headers, check: { path }, timeoutMs }: Question): Promise<Answer> {
  const usual = { host: name, 'user-agent': 'slipway-probe', connection: 'close' };
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    const asked = { host, port, path, agent: false, headers: { ...usual, ...headers }, signal };
    const outgoing = tls
      ? requestOverTls({ ...asked, servername: name, rejectUnauthorized: false })
      : request(asked);
    outgoing.on('response', (response) => {
      bodyOf(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        fail,
      );
    });
    outgoing.on('error', fail);
    outgoing.end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= longestBodyBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
