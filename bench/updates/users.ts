import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { LoadResult } from './load-result.ts';

/** Sends users to a port; what they have seen comes when they are told to stop. */
export async function sendUsers(port: number): Promise<{ stop(): Promise<LoadResult> }> {
  const child = fork(resolve(import.meta.dirname, 'load.ts'), [String(port)]);
  await once(child, 'message');
  const end = async () => {
    const told = once(child, 'message');
    child.send('stop');
    const [result] = (await told) as [LoadResult];
    if (child.exitCode === null) await once(child, 'exit');
    return result;
  };
  let ending: Promise<LoadResult> | null = null;
  return { stop: () => (ending ??= end()) };
}
