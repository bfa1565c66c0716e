import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { noTotals, type LoadOrder, type LoadPlan, type LoadReport, type LoadTotals } from './load-totals.ts';

/** Users of the app, in a process of their own. */
export interface Traffic {
  readonly pid: number | undefined;
  /** As last reported. */
  totals(): LoadTotals;
  /** From now on requests are booked to this phase. */
  enter(phase: string): void;
  /** Lets what is on its way be answered, and ends the process. */
  stop(): Promise<LoadTotals>;
  /** Ends the process at once. */
  kill(): void;
}

/** Starts the traffic. @throws Error from `stop` when the process ended by itself. */
export function startTraffic(plan: LoadPlan): Traffic {
  const child = fork(fileURLToPath(new URL('./load.ts', import.meta.url)), { detached: true, execArgv: [] });
  let totals = noTotals;
  let complete = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  child.on('message', (report: LoadReport) => {
    totals = report.totals;
    complete = report.last;
  });
  const order = (what: LoadOrder) => void (child.connected && child.send(what, () => {}));
  order({ kind: 'start', plan });
  return {
    pid: child.pid,
    totals: () => totals,
    enter: (phase) => order({ kind: 'phase', phase }),
    stop: async () => {
      order({ kind: 'stop' });
      await ended;
      if (!complete) throw new Error('the process that makes the traffic ended before it was told to');
      return totals;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
