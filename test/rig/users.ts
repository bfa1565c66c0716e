import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadReport } from './load-report.ts';
import { until } from './wait.ts';

/** Users of the app, in a process of their own. */
export interface Users {
  report(): Promise<LoadReport>;
  /** Ends them, each after its last answer. */
  stop(): Promise<LoadReport>;
}

/** Sends users to a port of this machine until they are stopped. */
export function sendUsers(port: number): Users {
  const child = fork(fileURLToPath(new URL('load.ts', import.meta.url)), [String(port)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    report: () => ask(child, 'report'),
    stop: async () => {
      let last: LoadReport | null = null;
      child.on('message', (message) => {
        if ('ended' in (message as object)) last = message as LoadReport;
      });
      child.send('stop');
      if (child.exitCode === null) await once(child, 'exit');
      if (!last) throw new Error(`the users ended with ${child.exitCode}`);
      return last;
    },
  };
}

async function ask(child: ChildProcess, what: string): Promise<LoadReport> {
  const answered = once(child, 'message');
  child.send(what);
  const [message] = (await answered) as [LoadReport];
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
