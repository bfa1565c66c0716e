import { request } from 'node:http';
import type { SmokeRequest } from '../app/index.ts';

/** Where a copy answers, and what it is to be asked. */
interface Smoke {
  host: string;
  port: number;
  requests: readonly SmokeRequest[];
  timeoutMs: number;
}

/**
 * Asks a copy the smoke requests of its revision, one after the other. Redirects are answers like any other: they are
 * not followed, so that no answer leads anywhere else.
 *
 * @returns null when all were answered as they should be, else what was not. Never throws.
 */
export async function smokeFailure({ host, port, requests, timeoutMs }: Smoke): Promise<string | null> {
  for (const { path, status } of requests) {
    try {
      const answered = await statusOf({ host, port, path, timeoutMs });
      if (answered !== status) return `smoke request GET ${path} answered ${answered}, not ${status}`;
    } catch (error) {
      return `smoke request GET ${path} failed: ${(error as Error).message}`;
    }
  }
  return null;
}

function statusOf(asked: { host: string; port: number; path: string; timeoutMs: number }): Promise<number> {
  const { timeoutMs, ...target } = asked;
  const headers = { host: 'localhost', 'user-agent': 'slipway-probe', connection: 'close' };
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, agent: false, headers, signal }, (response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error),
    );
    outgoing.end();
  });
}
