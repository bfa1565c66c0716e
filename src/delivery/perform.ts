import { CodedError, unreachable } from '../diagnostics/index.ts';
import { machineOfEffect, type Effect, type MachineEffect } from './effects.ts';
import { localId } from './machines.ts';
import type { FlagStore, Router, Routes, Target } from './ports.ts';
import type { FailedEffect } from './trouble.ts';

/** Where the effects of one machine go. Both know copies by the ids that they have there. */
export interface Ports {
  router: Router;
  target: Target;
}

/** What effects are carried out with, by machine. */
export interface Performing {
  portsOf: (machine: string) => Ports;
  /** What the phase wants of the router there; null when nothing takes traffic. */
  routesOf: (machine: string) => Routes | null;
  flags: FlagStore;
  fence: number;
}

/**
 * Carries out a tick's effects under its fence: those of each machine in order, each whether or not the one before it
 * worked, the machines and the flags side by side. Starts that follow each other do so at once: none of them waits for
 * another, or they would not be in one tick.
 *
 * Before the first stop on a machine its routes are applied once more, even if they stand: its router then knows this
 * fence, and an owner that was frozen and wakes up late can no longer send traffic to what is about to end.
 *
 * @returns What could not be done. Throws only when a newer owner has acted: then nothing more may be done anywhere.
 */
export async function performEffects(
  effects: readonly Effect[],
  performing: Performing,
): Promise<FailedEffect[]> {
  const turn = new Turn(performing);
  const byPlace = Map.groupBy(effects, (effect) =>
    effect.do === 'set-flags' ? null : machineOfEffect(effect),
  );
  await Promise.all([...byPlace.values()].map((own) => turn.performInOrder(own)));
  if (turn.late) throw turn.late;
  // In the order of the effects, so that the same failures read the same.
  return turn.failed.toSorted((a, b) => effects.indexOf(a.effect) - effects.indexOf(b.effect));
}

class Turn {
  readonly failed: FailedEffect[] = [];
  /** A newer owner has acted. */
  late: CodedError | null = null;
  private readonly performing: Performing;

  constructor(performing: Performing) {
    this.performing = performing;
  }

  /** Never rejects: all that has begun has ended when it returns, so that nothing goes on behind the caller's back. */
  async performInOrder(effects: readonly Effect[]): Promise<void> {
    const { portsOf, routesOf, flags, fence } = this.performing;
    let fenced = false;
    const perform = async (effect: Effect) => {
      if (effect.do === 'set-flags') return flags.set(effect, fence);
      const machine = machineOfEffect(effect);
      const ports = portsOf(machine);
      const routes = effect.do === 'stop' && !fenced ? routesOf(machine) : null;
      if (routes) await ports.router.apply(routes, fence);
      await performOn(ports, effect, fence);
      if (effect.do === 'stop' || effect.do === 'route') fenced = true;
    };
    const attempt = async (effect: Effect) => {
      try {
        await perform(effect);
      } catch (error) {
        if (error instanceof CodedError && error.code.endsWith('/stale-fence')) this.late = error;
        else this.failed.push({ effect, message: error instanceof Error ? error.message : String(error) });
      }
    };
    for (const group of groups(effects)) {
      if (this.late) return;
      await Promise.all(group.map(attempt));
    }
  }
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

function performOn({ router, target }: Ports, effect: MachineEffect, fence: number): Promise<void> {
  switch (effect.do) {
    case 'prepare':
      return target.prepare(effect.revision, fence);
    case 'run-command':
      return target.runCommand(effect, fence);
    case 'start':
      return target.start({ ...effect.instance, id: localId(effect.instance.id) }, fence);
    case 'repair':
      return target.repair({ ...effect.instance, id: localId(effect.instance.id) }, fence);
    case 'route':
      return router.apply(effect.routes, fence);
    case 'stop':
      return target.stop(localId(effect.instance), fence);
    default:
      return unreachable(effect);
  }
}
