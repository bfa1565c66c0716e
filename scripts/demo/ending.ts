import { setTimeout as sleep } from 'node:timers/promises';
import { sweepEngine, type Belongings } from './docker-engine.ts';
import { killProcessesOf, processesOf } from './leftovers.ts';
import type { Slipway } from './slipway.ts';
import { strike, type Stage } from './stage.ts';
import type { Traffic } from './traffic.ts';

const lookEveryMs = 50;
const patienceMs = 30_000;

/** What has to be taken away when the demo ends, however it ends. */
export class Ending {
  stage: Stage | null = null;
  slipway: Slipway | null = null;
  traffic: Traffic | null = null;
  /** Set before anything is made on an engine. */
  belongings: Belongings | null = null;
  /** Only the traffic ends; everything else is the user's now. */
  keep = false;

  /** Ends all processes and removes the folder. Harmless when called twice. @returns What did not go as it should. */
  async run(): Promise<string[]> {
    this.traffic?.kill();
    const { stage, slipway } = this;
    if (stage === null || this.keep) return [];
    const trouble: string[] = [];
    if (slipway !== null) {
      await slipway
        .demand(['down', '--all'], true)
        .catch((error: unknown) => trouble.push(error instanceof Error ? error.message : String(error)));
    }
    const deadlineMs = performance.now() + patienceMs;
    while (processesOf(stage.folder).length > 0 && performance.now() < deadlineMs) await sleep(lookEveryMs);
    const killed = killProcessesOf(stage.folder);
    if (killed.length > 0) trouble.push(`these processes had to be killed: ${killed.join(', ')}`);
    if (this.belongings !== null) sweepEngine(this.belongings);
    strike(stage.folder);
    return trouble;
  }
}

/** Ends everything without asking it to. */
export function exitAtOnce({ stage, traffic, belongings }: Ending, code: number): never {
  traffic?.kill();
  if (stage !== null) {
    killProcessesOf(stage.folder);
    if (belongings !== null) sweepEngine(belongings);
    strike(stage.folder);
  }
  process.exit(code);
}
