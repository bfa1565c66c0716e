import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { familyUse } from './family-use.ts';

/** Starts a shell with a child that holds `heldMiB` MiB, in a session of their own. */
async function aFamily(heldMiB: number): Promise<number> {
  const script = `const held = Buffer.alloc(${heldMiB} * 2 ** 20, 1); console.log(held.length); setInterval(() => {}, 1e6)`;
  const shell = spawn('/bin/sh', ['-c', `"$NODE" -e '${script}'; true`], {
    detached: true,
    env: { NODE: process.execPath },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const pid = shell.pid ?? 0;
  onTestFinished(() => void process.kill(-pid, 'SIGKILL'));
  await once(shell.stdout, 'data');
  return pid;
}

test('what children hold and use is a part of it', async () => {
  const use = familyUse(await aFamily(200));
  expect(use?.memoryBytes).toBeGreaterThan(200 * 2 ** 20);
  expect(use?.cpuMs).toBeGreaterThan(0);
});

test('of a process that is gone there is none', () => expect(familyUse(2 ** 22 + 1)).toBeNull());
