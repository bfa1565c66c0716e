import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadSettings, Report } from './load/report.ts';

/** Users of the app, in a process of their own. */
export interface Users {
  report(): Promise<Report>;
  dismiss(): Promise<void>;
}

/** Sends new users to a port of this machine all the time. */
export function sendUsers(settings: LoadSettings): Users {
  const main = fileURLToPath(new URL('load/main.ts', import.meta.url));
  const child = fork(main, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    report: async () => {
      if (isOver()) throw new Error('the users are gone');
      const answer = once(child, 'message');
      child.send('report');
      return (await answer)[0] as Report;
    },
    dismiss: async () => {
      if (isOver()) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
