import { spawn } from 'node:child_process';
import { existsSync, openSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { processesOf, signal, until, isRunning, type Rig } from '../../rig/index.ts';

const libraries = '/usr/lib';
/** `/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1`; the folder is named after the processor. */
const file =
  readdirSync(libraries)
    .map((folder) => join(libraries, folder, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path)) ?? join(libraries, 'faketime/libfaketime.so.1');

export const faketime = { name: 'libfaketime', file, install: 'apt-get install faketime' };

/** The server of a rig, started again with a clock on the wall that the test sets. */
export interface FakedClock {
  /** Sets it so many hours beside the true one, at once. */
  jump(hours: number): void;
}

/** Ends the server of the rig by SIGKILL, and starts it again with a clock that can be set. */
export async function fakeClockOf(rig: Rig, dockerHost: string): Promise<FakedClock> {
  await killServer(rig);
  const clock = join(rig.home, 'clock');
  const jump = (hours: number) => {
    writeFileSync(`${clock}.draft`, `${hours < 0 ? '-' : '+'}${Math.abs(hours)}h\n`);
    renameSync(`${clock}.draft`, clock);
  };
  jump(0);
  const log = openSync(join(rig.home, 'logs', 'server.log'), 'a');
  const child = spawn(process.execPath, [resolve('src/server/main.ts'), rig.home], {
    cwd: rig.home,
    stdio: ['ignore', log, log],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DOCKER_HOST: dockerHost,
      LD_PRELOAD: file,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      // A jump of the wall's clock leaves the one that measures durations alone.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  await until('the server with the faked clock answers', () =>
    rig.client.health().then(
      ({ pid }) => pid === child.pid,
      () => false,
    ),
  );
  return { jump };
}

/** SIGKILL for every server of the rig. */
export async function killServer(rig: Rig): Promise<void> {
  for (const { pid, command } of processesOf(rig.home)) {
    if (!command.includes('server/main.ts')) continue;
    signal(pid, 'SIGKILL');
    await until('the server is gone', () => !isRunning(pid));
  }
}
