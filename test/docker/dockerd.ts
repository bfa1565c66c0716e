import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const dockerdFile = '/usr/sbin/dockerd';

/** How to get the engine and what the base images are made of, on Debian 12. */
export const dockerInstall =
  'as root: apt-get install --no-install-recommends docker.io iptables busybox-static postgresql-15 redis-server';

const needed = [dockerdFile, '/usr/lib/postgresql/15/bin/postgres', '/usr/bin/redis-server', '/bin/busybox'];

/**
 * Whether suites with an engine must be skipped. The skip is visible: name the suite with `dockerInstall`.
 *
 * @throws Error in CI, where everything must be there.
 */
export function lacksDocker(): boolean {
  const missing = needed.filter((file) => !existsSync(file));
  if (process.getuid?.() !== 0) missing.push('the rights of root');
  if (missing.length === 0) return false;
  if (process.env['CI']) throw new Error(`missing: ${missing.join(', ')}; ${dockerInstall}`);
  return true;
}

interface DockerdOptions {
  /** Containers stay up while the engine is away. */
  liveRestore?: boolean;
  /** Further arguments of dockerd. */
  args?: string[];
  /** Folder for all that it keeps; the system's for temporary files unless told. */
  parent?: string;
  /** A network namespace to live in, with all its containers. */
  namespace?: string;
}

/** An engine of its own: socket, data, networks. Several may run at once. */
export interface Dockerd {
  socket: string;
  /** `unix:///…/docker.sock` */
  url: string;
  /** Where its containers' addresses are from: `10.140.0.0/16`. */
  net: string;
  /** Runs Debian's docker command against this engine; returns what it prints. */
  docker: (...args: string[]) => string;
  /** Ends the engine, by SIGTERM or as a crash would, and leaves everything for `resume`. */
  pause(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  resume(): Promise<void>;
  /** Ends it and removes everything it made. */
  stop(): Promise<void>;
}

/** Starts dockerd by hand; returns when it answers. It ends with the process that started it, even a killed one. */
export async function startDockerd({
  liveRestore = false,
  args = [],
  parent = tmpdir(),
  namespace,
}: DockerdOptions = {}): Promise<Dockerd> {
  const folder = mkdtempSync(join(parent, 'slipway-docker-'));
  const net = freeNet();
  const socket = join(folder, 'docker.sock');
  const url = `unix://${socket}`;
  const rules = ['-s', '-d'].map((side) => ['FORWARD', side, `${net}.0.0/16`, '-j', 'ACCEPT']);
  // Another engine's rules may refuse what they do not know; ours stand before them and go away again.
  for (const rule of rules) execFileSync('iptables', ['-w', '-I', ...rule]);
  const inside = namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`];
  const begin = () =>
    spawnDockerd(folder, inside, [`--host=${url}`, ...settings(folder, net, liveRestore), ...args]);
  let child = begin();
  const docker = (...words: string[]) =>
    execFileSync('/usr/bin/docker', ['--host', url, ...words], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    }).trim();
  const pause = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    await end(child, signal);
    // It dies with a killed engine, but a moment later: one that still answers would be taken for a good one.
    await endContainerd(join(folder, 'exec/containerd/containerd.pid'));
  };
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    if (child.exitCode === null && child.signalCode === null) removeContainers(docker);
    await pause();
    for (const rule of rules) execFileSync('iptables', ['-w', '-D', ...rule]);
    removeBridges(net);
    removeFolder(folder);
  };
  try {
    await answers(socket, child, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  const resume = async () => {
    child = begin();
    await answers(socket, child, folder);
  };
  return { socket, url, net: `${net}.0.0/16`, docker, pause, resume, stop };
}

function settings(folder: string, net: string, liveRestore: boolean): string[] {
  return [
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'docker.pid')}`,
    // No docker0 and no rules of its own: engines side by side would overwrite each other's.
    '--bridge=none',
    '--iptables=false',
    `--default-address-pool=base=${net}.0.0/16,size=24`,
    '--shutdown-timeout=5',
    ...(liveRestore ? ['--live-restore'] : []),
  ];
}

function spawnDockerd(folder: string, inside: string[], args: string[]): ChildProcess {
  mkdirSync(join(folder, 'home'), { recursive: true });
  const log = openSync(join(folder, 'log'), 'a');
  return spawn('setpriv', ['--pdeathsig', 'TERM', ...inside, dockerdFile, ...args], {
    stdio: ['ignore', log, log],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: join(folder, 'home') },
  });
}

async function answers(socket: string, child: ChildProcess, folder: string): Promise<void> {
  while (!(await pings(socket))) {
    if (child.exitCode !== null) {
      const log = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n');
      throw new Error(`dockerd ended with ${child.exitCode}:\n${log.slice(-15).join('\n')}`);
    }
    await sleep(50);
  }
}

function pings(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const outgoing = request({ socketPath, path: '/_ping', agent: false }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    outgoing.on('error', () => done(false)).end();
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

function removeContainers(docker: Dockerd['docker']): void {
  const ids = docker('ps', '-aq').split('\n').filter(Boolean);
  if (ids.length > 0) docker('rm', '-f', '-v', ...ids);
}

/** A private /16 that nothing on this machine uses yet; written `10.N`. */
function freeNet(): string {
  const used = execFileSync('ip', ['-4', 'route'], { encoding: 'utf8' });
  const start = Math.floor(Math.random() * 100);
  for (let step = 0; step < 100; step += 1) {
    const net = `10.${140 + ((start + step) % 100)}`;
    if (!used.includes(`${net}.`)) return net;
  }
  throw new Error('no private network is free from 10.140 to 10.239');
}

/** dockerd leaves its bridges behind, whatever way it ends. */
function removeBridges(net: string): void {
  const lines = execFileSync('ip', ['-o', '-4', 'addr'], { encoding: 'utf8' }).split('\n');
  for (const line of lines) {
    const [, name, address] = /^\d+: (br-\S+)\s+inet (\S+)/.exec(line) ?? [];
    if (name !== undefined && address?.startsWith(`${net}.`)) execFileSync('ip', ['link', 'delete', name]);
  }
}

/** What a killed engine had mounted is still mounted. */
function removeFolder(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.toReversed()) execFileSync('umount', ['-l', path]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function isRunning(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes('containerd');
  } catch {
    return false;
  }
}

async function endContainerd(pidFile: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const alive = () => isRunning(pid);
  if (alive()) process.kill(pid, 'SIGTERM');
  while (alive()) await sleep(20);
  // A zombie that nobody reaps would be taken for a containerd that runs.
  rmSync(pidFile, { force: true });
}
