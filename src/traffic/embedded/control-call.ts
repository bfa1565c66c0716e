import { request } from 'node:http';
import { CodedError } from '../../diagnostics/index.ts';
import { messageOf } from './log.ts';

/** One question to a router's control socket. */
export interface ControlCall {
  socketPath: string;
  method: 'GET' | 'PUT' | 'POST';
  path: string;
  body?: unknown;
  /** For the whole answer. */
  timeoutMs: number;
}

/**
 * Asks a router, on a connection of its own so that the answer comes from whoever holds the socket now.
 *
 * @throws CodedError with the router's own code, or `traffic/unreachable`.
 */
export async function callControl<T>(call: ControlCall): Promise<T> {
  const { status, text } = await send(call);
  const answer = parseAnswer(call, text);
  if (status < 400) return answer as T;
  const { code, message, help, notes } = answer as Partial<Record<string, unknown>>;
  throw new CodedError(
    typeof code === 'string' ? code : 'traffic/control-failed',
    typeof message === 'string' ? message : `the router answered ${status} to ${call.method} ${call.path}`,
    {
      ...(typeof help === 'string' ? { help } : {}),
      notes: Array.isArray(notes) ? notes.map(String) : [],
    },
  );
}

function parseAnswer(call: ControlCall, text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreachableRouter(call, error);
  }
}

function send(call: ControlCall): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(unreachableRouter(call, error));
    const outgoing = request(
      {
        socketPath: call.socketPath,
        method: call.method,
        path: call.path,
        agent: false,
        headers: { host: 'router', 'content-type': 'application/json' },
        signal: AbortSignal.timeout(call.timeoutMs),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', fail);
      },
    );
    outgoing.on('error', fail);
    outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}

function unreachableRouter(call: ControlCall, cause: unknown): CodedError {
  return new CodedError(
    'traffic/unreachable',
    `the router does not answer at ${call.socketPath}: ${messageOf(cause)}`,
    { help: 'see whether it runs, and its log', cause },
  );
}
