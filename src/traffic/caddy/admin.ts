import { request } from 'node:http';
import { CodedError } from '../../diagnostics/index.ts';
import { messageOf } from '../embedded/log.ts';
import type { Json } from './routes.ts';

const loadTimeoutMs = 60_000;
const askTimeoutMs = 5_000;

/**
 * Makes Caddy serve a configuration, whole or not at all. Returns when the one before has handed over.
 *
 * @throws CodedError `traffic/configuration-refused` with Caddy's words, `traffic/program-silent`.
 */
export async function load(socket: string, configuration: Json): Promise<void> {
  const answer = await call(socket, {
    method: 'POST',
    path: '/load',
    body: JSON.stringify(configuration),
    timeoutMs: loadTimeoutMs,
  });
  if (answer.status === 200) return;
  throw refused(wordsOf(answer.body));
}

/** @param words - Why Caddy does not take a configuration. */
export function refused(words: string, cause?: unknown): CodedError {
  return new CodedError('traffic/configuration-refused', `Caddy does not take the configuration: ${words}`, {
    notes: [words],
    help: 'nothing was changed; the routes before are still in force',
    cause,
  });
}

/** Where a server of Caddy's listens now. @throws CodedError `traffic/program-silent` */
export async function listenAddress(socket: string, server: string): Promise<string> {
  const path = `/config/apps/http/servers/${server}/listen/0`;
  const { status, body } = await call(socket, { method: 'GET', path, timeoutMs: askTimeoutMs });
  if (status !== 200) throw silent(new Error(wordsOf(body)));
  return String(JSON.parse(body));
}

/** Requests under way by the address of an app, over all configurations. @throws CodedError `traffic/program-silent` */
export async function requestsByAddress(socket: string): Promise<Map<string, number>> {
  const path = '/reverse_proxy/upstreams';
  const { status, body } = await call(socket, { method: 'GET', path, timeoutMs: askTimeoutMs });
  if (status !== 200) throw silent(new Error(wordsOf(body)));
  const listed = JSON.parse(body) as { address: string; num_requests: number }[];
  return new Map(listed.map(({ address, num_requests: count }) => [address, count]));
}

interface AdminCall {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
  timeoutMs: number;
}

function call(
  socketPath: string,
  { method, path, body, timeoutMs }: AdminCall,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request({ socketPath, method, path, headers, agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', (error) => reject(silent(error)));
    });
    outgoing.on('error', (error) => reject(silent(error)));
    outgoing.end(body);
  });
}

function silent(cause: Error): CodedError {
  return new CodedError('traffic/program-silent', `Caddy does not answer: ${messageOf(cause)}`, {
    help: "read the router's log",
    cause,
  });
}

function wordsOf(body: string): string {
  try {
    return String((JSON.parse(body) as { error?: unknown }).error);
  } catch {
    return body;
  }
}
