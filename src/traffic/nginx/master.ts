import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { daemonOf, findDaemon, startDaemon, type Daemon } from '../agent/daemon.ts';
import type { NginxPaths } from './paths.ts';
import { openFilesOf } from '../agent/connections.ts';
import { textOf } from '../agent/text-of.ts';
import { workersOf } from './workers.ts';

const startTimeoutMs = 30_000;
const reloadTimeoutMs = 30_000;
const lookEveryMs = 10;

/** nginx's master process, the one that was started here or by an earlier agent. */
export async function findMaster({ identityFile }: NginxPaths): Promise<Daemon | null> {
  return findDaemon(identityFile);
}

/** The master that somebody else started with the user's own configuration. */
export function findForeignMaster(mainFile: string): Daemon | null {
  const pidFile = /^\s*pid\s+["']?([^"';\s]+)/m.exec(textOf(mainFile))?.[1] ?? '/run/nginx.pid';
  const pid = Number(textOf(pidFile));
  if (!Number.isInteger(pid) || pid <= 0) return null;
  const alive = () => textOf(`/proc/${pid}/cmdline`).startsWith('nginx: master process');
  if (!alive()) return null;
  return daemonOf(pid, alive);
}

/** Starts nginx and waits until its workers take requests. @throws CodedError `traffic/listen-failed` */
export async function startMaster(program: string, paths: NginxPaths, isWhole: boolean): Promise<Daemon> {
  await endOrphans(paths);
  for (const file of [paths.accessLog, paths.errorLog])
    for (const one of [file, `${file}.turned`]) await rm(one, { force: true });
  // nginx removes it only when it ends politely.
  await rm(paths.statusSocket, { force: true });
  const flags = isWhole ? ['-e', paths.errorLog] : ['-g', 'daemon off;'];
  const daemon = await startDaemon({
    argv: [program, '-c', paths.mainFile, ...flags],
    logFile: paths.logFile,
    identityFile: paths.identityFile,
  });
  for (const deadline = performance.now() + startTimeoutMs; ; await sleep(lookEveryMs)) {
    if (workersOf(daemon.pid).length > 0) return daemon;
    if (daemon.alive() && performance.now() < deadline) continue;
    const words = [paths.errorLog, paths.logFile].flatMap((file) =>
      textOf(file).trim().split('\n').slice(-5),
    );
    daemon.signal('SIGKILL');
    throw new CodedError(
      'traffic/listen-failed',
      `nginx did not start: ${words.at(-1) || 'it says nothing'}`,
      {
        notes: words,
        help: `read its log: ${paths.logFile}`,
      },
    );
  }
}

/**
 * Makes nginx serve the configuration in place. Returns when new workers take all new connections, and those before
 * them none: what they have they finish.
 *
 * @throws CodedError `traffic/control-failed` when nginx goes on with the configuration before.
 */
export async function reload(master: Daemon, errors: () => string[]): Promise<void> {
  const before = new Set(workersOf(master.pid).map(({ pid }) => pid));
  master.signal('SIGHUP');
  for (const deadline = performance.now() + reloadTimeoutMs; ; await sleep(lookEveryMs)) {
    const workers = workersOf(master.pid);
    const fresh = workers.some(({ pid, leaving }) => !before.has(pid) && !leaving);
    if (fresh && workers.every(({ pid, leaving }) => leaving || !before.has(pid))) return;
    if (performance.now() < deadline && master.alive()) continue;
    throw new CodedError('traffic/control-failed', 'nginx did not take its new configuration', {
      notes: errors(),
      help: 'it goes on with the one before; the same call tries again',
    });
  }
}

/** Workers whose master was killed still hold the address, and nobody would ever end them. */
async function endOrphans({ accessLog }: NginxPaths): Promise<void> {
  const ours = new Set([accessLog, `${accessLog}.turned`]);
  const orphans = readdirSync('/proc')
    .filter(
      (name) => /^\d+$/.test(name) && textOf(`/proc/${name}/cmdline`).startsWith('nginx: worker process'),
    )
    .map(Number)
    .filter((pid) => openFilesOf(pid).some((file) => ours.has(file.replace(/ \(deleted\)$/, ''))));
  for (const pid of orphans) signalQuietly(pid, 'SIGQUIT');
  const stillTakes = (pid: number) => {
    const title = textOf(`/proc/${pid}/cmdline`);
    return title.startsWith('nginx: worker process') && !title.includes('is shutting down');
  };
  for (const deadline = performance.now() + 5_000; orphans.some(stillTakes); await sleep(lookEveryMs)) {
    if (performance.now() < deadline) continue;
    for (const pid of orphans.filter(stillTakes)) signalQuietly(pid, 'SIGKILL');
  }
}

function signalQuietly(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended just now.
  }
}
