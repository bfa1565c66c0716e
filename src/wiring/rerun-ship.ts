import { randomBytes } from 'node:crypto';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';
import { rerun } from '../runs/index.ts';
import type { RunFlowData } from './run-data.ts';
import { nextShipNumber } from './shipping.ts';
import type { ShipData } from './ship-flow.ts';
import type { System } from './system.ts';

/** What to run again of a ship that has ended. */
export interface RerunShip {
  ship: string;
  actor: string;
  /** Only jobs that failed or were cancelled, and what needs them. */
  failed: boolean;
}

/**
 * A new ship of the same commit, with the next attempt of its runs: what succeeded is kept, with logs and artifacts. Refused
 * while the old one is under way, once anything of it was rolled out, and where nothing failed.
 */
export async function rerunShip(
  wish: RerunShip,
  { old, runs, system }: { old: ShipData; runs: RunFlowData[]; system: Pick<System, 'layout' | 'store'> },
): Promise<ShipData> {
  requireRerunnable(wish, old, runs);
  const { layout, store } = system;
  const number = await nextShipNumber(store, old.app.name);
  const id = `s-${randomBytes(4).toString('hex')}`;
  const chosen = wish.failed ? runs.filter(({ run }) => run.finished?.result !== 'success') : runs;
  const create = await Promise.all(
    chosen.map(async (data, index): Promise<RunFlowData> => {
      const next = { ...rerun(data.run, { only: wish.failed ? 'failed' : 'all' }), id: `${id}-${index + 1}` };
      await copyRun(layout.run(data.run.id).root, layout.run(next.id).root);
      return { ...data, run: next, ship: id, shipNumber: number, deploys: {} };
    }),
  );
  const kept = runs.filter((data) => !chosen.includes(data)).map(({ run }) => [run.id, 'success'] as const);
  return {
    ...old,
    id,
    number,
    actor: wish.actor,
    startedAtMs: Date.now(),
    runs: Object.fromEntries([...kept, ...create.map(({ run }) => [run.id, 'running'] as const)]),
    create,
    deploying: null,
    rollouts: [],
    ended: null,
  };
}

function requireRerunnable({ ship, failed }: RerunShip, old: ShipData, runs: RunFlowData[]): void {
  if (!old.ended) {
    throw new CodedError('wiring/still-running', `${ship} is still under way`, {
      help: `wait for its end, or: slipway abort ${ship}`,
    });
  }
  const released = runs.some(({ deploys }) => Object.values(deploys).some(({ release }) => release !== ''));
  if (old.rollouts.length > 0 || released) {
    throw new CodedError(
      'wiring/already-released',
      `${ship} has rolled something out, so it is not run again`,
      {
        help: 'ship the commit again: slipway ship',
      },
    );
  }
  if (failed && runs.every(({ run }) => run.finished?.result === 'success')) {
    throw new CodedError('wiring/nothing-failed', `no job of ${ship} failed`, {
      help: `run all of them again: slipway rerun ${ship}`,
    });
  }
}

/** The new run has what the old one's jobs left: reports, logs and artifacts. */
async function copyRun(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const part of ['jobs', 'artifacts']) {
    await cp(join(from, part), join(to, part), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      // A run that failed before anything began has left nothing.
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
