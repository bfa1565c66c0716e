import { CodedError, unreachable } from '../diagnostics/index.ts';
import type { Effect } from './effects.ts';
import type { Router, Routes, Target } from './ports.ts';
import type { FailedEffect } from './trouble.ts';

/** Where effects go. */
export interface Ports {
  router: Router;
  target: Target;
}

/**
 * Carries out a tick's effects in order, under its fence, each whether or not the one before it worked. Starts that
 * follow each other do so at once: none of them waits for another, or they would not be in one tick.
 *
 * Before the first stop the routes are applied once more, even if they stand: the router then knows this fence, and an
 * owner that was frozen and wakes up late can no longer send traffic to what is about to end.
 *
 * @param routes - What the phase wants of the router; null when nothing takes traffic.
 * @returns What could not be done. Throws only when a newer owner has acted: then nothing more may be done here.
 */
export async function performEffects(
  effects: readonly Effect[],
  { ports, routes, fence }: { ports: Ports; routes: Routes | null; fence: number },
): Promise<FailedEffect[]> {
  const failed: FailedEffect[] = [];
  let fenced = false;
  const attempt = async (effect: Effect) => {
    try {
      if (effect.do === 'stop' && !fenced && routes) await ports.router.apply(routes, fence);
      await perform(effect, ports, fence);
      if (effect.do === 'stop' || effect.do === 'route') fenced = true;
    } catch (error) {
      if (error instanceof CodedError && error.code.endsWith('/stale-fence')) throw error;
      failed.push({ effect, message: error instanceof Error ? error.message : String(error) });
    }
  };
  for (const group of groups(effects)) {
    // All have ended before one that was too late is told: nothing goes on behind the caller's back.
    const results = await Promise.allSettled(group.map(attempt));
    const late = results.find((result) => result.status === 'rejected');
    if (late) throw late.reason;
  }
  return failed;
}

/** Effects in order, those that may happen at once together. */
function groups(effects: readonly Effect[]): Effect[][] {
  const all: Effect[][] = [];
  for (const effect of effects) {
    const last = all.at(-1);
    if (effect.do === 'start' && last?.[0]?.do === 'start') last.push(effect);
    else all.push([effect]);
  }
  return all;
}

function perform(effect: Effect, { router, target }: Ports, fence: number): Promise<void> {
  switch (effect.do) {
    case 'prepare':
      return target.prepare(effect.revision, fence);
    case 'run-command':
      return target.runCommand(effect, fence);
    case 'start':
      return target.start(effect.instance, fence);
    case 'route':
      return router.apply(effect.routes, fence);
    case 'stop':
      return target.stop(effect.instance, fence);
    default:
      return unreachable(effect);
  }
}
