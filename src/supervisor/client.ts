import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../diagnostics/index.ts';
import { supervisorPaths } from './paths.ts';
import { readProcess } from './proc.ts';
import type { ProcessStatus, SupervisorControl, SupervisorHealth } from './protocol.ts';

interface ClientOptions {
  /** Called when nobody answers, before the call is tried once more. Every method may be repeated, so that is safe. */
  revive?: () => Promise<void>;
}

interface Call {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  /** Null waits as long as it takes. */
  timeoutMs: number | null;
}

const patienceMs = 10_000;
const lookEveryMs = 10;

/**
 * The supervisor of a home, as its clients see it. Opens nothing until it is called.
 * Throws what the supervisor refused with its code, `supervisor/unreachable` when none runs, and
 * `supervisor/not-answering` after 10 s.
 */
export function createSupervisorClient(home: string, options: ClientOptions = {}): SupervisorControl {
  const { socket } = supervisorPaths(home);
  let ended = false;
  const call = async (path: string, body?: unknown, timeoutMs: number | null = patienceMs) => {
    const one: Call = { method: body === undefined ? 'GET' : 'POST', path, body, timeoutMs };
    try {
      return await send(socket, one);
    } catch (error) {
      const unreachable = error instanceof CodedError && error.code === 'supervisor/unreachable';
      if (!unreachable || !options.revive || ended) throw error;
      await options.revive();
      return send(socket, one);
    }
  };
  return {
    ensure: async (spec, fence) => void (await call('/ensure', { spec, fence })),
    remove: async (id, scope, fence) => void (await call('/remove', { id, scope, fence })),
    replace: async (id, pid) => void (await call('/replace', { id, pid })),
    list: async (scope) => {
      const query = scope === undefined ? '' : `?scope=${encodeURIComponent(scope)}`;
      return (await call(`/list${query}`)) as ProcessStatus[];
    },
    health: async () => (await call('/health')) as SupervisorHealth,
    shutdown: async (how) => {
      ended = true;
      const { pid } = (await call('/health')) as SupervisorHealth;
      await call('/shutdown', how, null);
      while (readProcess(pid) !== null) await sleep(lookEveryMs);
    },
  };
}

function send(socketPath: string, { method, path, body, timeoutMs }: Call): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const patience = timeoutMs === null ? {} : { signal: AbortSignal.timeout(timeoutMs) };
    const outgoing = request({ socketPath, method, path, agent: false, ...patience }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => reject(failure(socketPath, error)));
      response.on('end', () => {
        const answer: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        if (response.statusCode === 200) resolve(answer);
        else reject(refusal(answer as Refusal));
      });
    });
    outgoing.on('error', (error) => reject(failure(socketPath, error)));
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

interface Refusal {
  error: { code: string; message: string; notes: string[]; help?: string };
}

function refusal({ error }: Refusal): CodedError {
  const { code, message, notes, help } = error;
  return new CodedError(code, message, { notes, help });
}

function failure(socket: string, cause: Error): CodedError {
  if (cause.name === 'AbortError' || cause.name === 'TimeoutError') {
    return new CodedError(
      'supervisor/not-answering',
      `the supervisor has not answered for ${patienceMs} ms`,
      {
        notes: [socket],
        help: 'look at logs/supervisor.log below the home directory; what runs is not affected',
        cause,
      },
    );
  }
  return new CodedError('supervisor/unreachable', `no supervisor answers: ${cause.message}`, {
    notes: [socket],
    help: 'start it with: slipway up',
    cause,
  });
}
