import type { Router, RouterState, Routes } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { callControl, type ControlCall } from './embedded/control-call.ts';
import type { RouterHealth } from './embedded/router-process.ts';

/** The embedded router as its owners see it. */
export interface EmbeddedRouter extends Router {
  health(): Promise<RouterHealth>;
  /**
   * Replaces the router's process without losing a request; answers when the new one serves.
   *
   * @param argv - Whole command line of the new process; the old one's when left out.
   * @throws CodedError `traffic/upgrade-failed`; the old process then goes on.
   */
  upgrade(argv?: string[]): Promise<{ pid: number }>;
}

const answerTimeoutMs = 10_000;
/** A successor may take 20 s to confirm. */
const upgradeTimeoutMs = 30_000;
/** While a router hands over, changes wait for its successor. */
const handoverPatienceMs = 25_000;
const handoverPauseMs = 100;

/**
 * Talks to an embedded router through its control socket. Every method may be repeated.
 *
 * Failures are CodedErrors: `traffic/unreachable`, `traffic/stale-fence`, `traffic/invalid-routes`,
 * `traffic/upgrade-failed`, `traffic/upgrade-running`.
 */
export function createRouterClient(controlSocket: string): EmbeddedRouter {
  const call = <T>(parts: Omit<ControlCall, 'socketPath' | 'timeoutMs'> & { timeoutMs?: number }) =>
    callControl<T>({ socketPath: controlSocket, timeoutMs: answerTimeoutMs, ...parts });
  return {
    async apply(routes: Routes, fence: number) {
      await pastHandover(() => call<null>({ method: 'PUT', path: '/routes', body: { routes, fence } }));
    },
    observe: (scope) =>
      call<RouterState>({ method: 'GET', path: `/state?scope=${encodeURIComponent(scope)}` }),
    health: () => call<RouterHealth>({ method: 'GET', path: '/health' }),
    upgrade: (argv) =>
      call<{ pid: number }>({
        method: 'POST',
        path: '/upgrade',
        body: argv ? { argv } : {},
        timeoutMs: upgradeTimeoutMs,
      }),
  };
}

async function pastHandover<T>(work: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += handoverPauseMs) {
    try {
      return await work();
    } catch (error) {
      const handingOver = error instanceof CodedError && error.code === 'traffic/handing-over';
      if (!handingOver || waitedMs >= handoverPatienceMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, handoverPauseMs));
    }
  }
}
