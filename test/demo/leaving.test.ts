import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { killProcessesOf, processesOf } from '../../scripts/demo/leftovers.ts';

const main = fileURLToPath(new URL('../../scripts/demo/main.ts', import.meta.url));

describe.skipIf(!existsSync('/proc/self/environ'))('leaving the demo', () => {
  it('finds a process by its environment, and not a shell that merely stands in the folder', async () => {
    const folder = `/tmp/slipway-demo-test-${process.pid}`;
    const env = { PATH: process.env.PATH, PWD: folder };
    const stranger = spawn('sleep', ['30'], { env });
    const own = spawn('sleep', ['30'], { env: { ...env, TMPDIR: `${folder}/tmp` } });
    try {
      await expect.poll(() => processesOf(folder), { timeout: 60_000 }).toEqual([own.pid]);
      expect(killProcessesOf(folder)).toEqual([own.pid]);
      expect(processesOf(folder)).toEqual([]);
      expect(stranger.exitCode).toBeNull();
    } finally {
      stranger.kill();
      own.kill();
    }
  });

  it.each([
    ['Ctrl-C while a pipeline runs', /First|first commit/, ['SIGINT']],
    ['SIGTERM', /Slipway runs in/, ['SIGTERM']],
    ['an impatient second Ctrl-C', /Slipway runs in/, ['SIGINT', 'SIGINT']],
  ] as const)('leaves nothing behind after %s', async (_, after, signals) => {
    const child = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    await expect.poll(() => output, { timeout: 60_000 }).toMatch(after);
    const folder = /Slipway runs in (\S+?),/.exec(output)?.[1] ?? '';
    expect(existsSync(folder)).toBe(true);
    expect(processesOf(folder).length).toBeGreaterThan(0);
    for (const signal of signals) {
      child.kill(signal);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(await ended).toBe(130);
    expect(existsSync(folder)).toBe(false);
    expect(processesOf(folder)).toEqual([]);
    expect(output).not.toContain('had to be killed');
  });
});
