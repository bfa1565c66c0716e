import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadReport, RawReport } from './load-report.ts';
import { until } from './wait.ts';

/** Users of the app, in a process of their own. */
export interface Users {
  report(): Promise<LoadReport>;
  /** Ends them, each after its last answer. */
  stop(): Promise<LoadReport>;
  /** Requests may fail that are under way while this is done: their router is killed, or their host is away. */
  excuse<T>(outage: () => Promise<T>): Promise<T>;
}

/** Sends users to a port of this machine until they are stopped. */
export function sendUsers(port: number): Users {
  const child = fork(fileURLToPath(new URL('load.ts', import.meta.url)), [String(port)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const outages: Outage[] = [];
  return {
    report: async () => excusing(await ask(child, 'report'), outages),
    excuse: async (work) => {
      const outage = { fromMs: Date.now(), toMs: Infinity };
      outages.push(outage);
      return work().finally(() => (outage.toMs = Date.now()));
    },
    stop: async () => {
      let last: RawReport | null = null;
      child.on('message', (message) => {
        if ('ended' in (message as object)) last = message as RawReport;
      });
      child.send('stop');
      if (child.exitCode === null) await once(child, 'exit');
      if (!last) throw new Error(`the users ended with ${child.exitCode}`);
      return excusing(last, outages);
    },
  };
}

interface Outage {
  fromMs: number;
  toMs: number;
}

function excusing({ failures, failed, ...report }: RawReport, outages: Outage[]): LoadReport {
  const blamed = failures.filter(
    ({ beganMs, endedMs }) => !outages.some(({ fromMs, toMs }) => beganMs <= toMs && endedMs >= fromMs),
  );
  const excused = failures.length - blamed.length;
  return {
    ...report,
    failed: failed - excused,
    excused,
    failures: blamed.slice(0, 50).map(({ beganMs, what }) => `${new Date(beganMs).toISOString()} ${what}`),
  };
}

async function ask(child: ChildProcess, what: string): Promise<RawReport> {
  const answered = once(child, 'message');
  child.send(what);
  const [message] = (await answered) as [RawReport];
  return message;
}

/** Waits until users have had so many more answers; gives those. */
export async function answersFromNow(users: Users, count: number): Promise<Record<string, number>> {
  // Answers under way may still be from before; they end within a moment, and are not looked at.
  await moreThan(users, (await users.report()).requests + 30);
  const before = await users.report();
  await moreThan(users, before.requests + count);
  const { answers } = await users.report();
  return Object.fromEntries(
    Object.entries(answers)
      .map(([who, times]) => [who, times - (before.answers[who] ?? 0)] as const)
      .filter(([, times]) => times > 0),
  );
}

async function moreThan(users: Users, requests: number): Promise<void> {
  await until(`${requests} requests`, async () => (await users.report()).requests > requests);
}
