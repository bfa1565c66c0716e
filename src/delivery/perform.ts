import { unreachable } from '../diagnostics/index.ts';
import type { Effect } from './effects.ts';
import type { Router, Routes, Target } from './ports.ts';

/** Where effects go. */
export interface Ports {
  router: Router;
  target: Target;
}

/**
 * Carries out a tick's effects in order, under its fence.
 *
 * Before the first stop the routes are applied once more, even if they stand: the router then knows this fence, and an
 * owner that was frozen and wakes up late can no longer send traffic to what is about to end.
 *
 * @param routes - What the phase wants of the router; null when nothing takes traffic.
 */
export async function performEffects(
  effects: readonly Effect[],
  { ports, routes, fence }: { ports: Ports; routes: Routes | null; fence: number },
): Promise<void> {
  const { router, target } = ports;
  let fenced = false;
  for (const effect of effects) {
    switch (effect.do) {
      case 'run-command':
        await target.runCommand(effect, fence);
        break;
      case 'start':
        await target.start(effect.instance, fence);
        break;
      case 'route':
        await router.apply(effect.routes, fence);
        fenced = true;
        break;
      case 'stop':
        if (!fenced && routes) await router.apply(routes, fence);
        fenced = true;
        await target.stop(effect.instance, fence);
        break;
      default:
        unreachable(effect);
    }
  }
}
