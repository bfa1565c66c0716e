import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadSettings, Report, Word } from './load/report.ts';

/** Users of the app, in a process of their own. */
export interface Users {
  /** Says something to them; answers when they have done it. */
  say(word: Word): Promise<Report>;
  /** Ends them at once. What they had seen is lost. */
  dismiss(): Promise<void>;
}

/** Sends users to a port of this machine until they are stopped. */
export function sendUsers(settings: LoadSettings): Users {
  const child = fork(fileURLToPath(new URL('load/main.ts', import.meta.url)), [JSON.stringify(settings)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const asked = new Map<number, { resolve(report: Report): void; reject(error: Error): void }>();
  let lastId = 0;
  child.on('message', (message) => {
    const { id, report } = message as { id: number; report: Report };
    asked.get(id)?.resolve(report);
    asked.delete(id);
  });
  child.on('exit', (code, signal) => {
    const ended = new Error(`the users ended with ${code ?? signal}`);
    for (const waiting of asked.values()) waiting.reject(ended);
  });
  return {
    say: (word) =>
      new Promise((resolve, reject) => {
        asked.set(++lastId, { resolve, reject });
        child.send({ id: lastId, ...word }, (error) => error && reject(error));
      }),
    dismiss: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
