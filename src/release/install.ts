import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { CodedError } from '../diagnostics/index.ts';

/** Node as the pipeline's setup-node installed it. */
export interface NodeToolchain {
  /** Exact: `26.10.0`. */
  version: string;
  /** Folder with `node` and `npm`. */
  binDirectory: string;
}

interface Install {
  /** The release's files. */
  directory: string;
  node: NodeToolchain | null;
  /** What of the machine's environment npm may see, such as PATH and the registry. */
  machineEnv: Record<string, string>;
  /** Kept between releases. */
  cacheDirectory: string;
  signal?: AbortSignal | undefined;
}

const timeoutMs = 10 * 60_000;
const tailLines = 20;

/**
 * Installs production dependencies exactly as locked.
 *
 * @throws CodedError `release/install-failed` with the end of npm's log; `release/no-npm`.
 */
export async function installDependencies(install: Install): Promise<void> {
  install.signal?.throwIfAborted();
  await mkdir(install.cacheDirectory, { recursive: true });
  const home = await mkdtemp(join(install.cacheDirectory, 'home-'));
  try {
    const { code, log } = await runNpm(install, home);
    install.signal?.throwIfAborted();
    if (code !== 0) throw failed(code, log);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function runNpm(install: Install, home: string): Promise<{ code: number; log: string }> {
  const path = install.machineEnv['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  const env = {
    ...install.machineEnv,
    PATH: install.node ? `${install.node.binDirectory}${delimiter}${path}` : path,
    HOME: home,
    npm_config_cache: install.cacheDirectory,
    npm_config_update_notifier: 'false',
    npm_config_progress: 'false',
    npm_config_color: 'false',
  };
  return await new Promise((resolve, reject) => {
    const args = ['ci', '--omit=dev', '--no-audit', '--no-fund'];
    const child = spawn('npm', args, {
      cwd: install.directory,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let log = '';
    const take = (chunk: Buffer) => (log = (log + chunk.toString()).slice(-64 * 1024));
    const kill = () => killGroup(child.pid);
    const timer = setTimeout(kill, timeoutMs);
    install.signal?.addEventListener('abort', kill, { once: true });
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const settle = () => {
      clearTimeout(timer);
      install.signal?.removeEventListener('abort', kill);
    };
    child.once('error', (cause) => {
      settle();
      reject(noNpm(cause));
    });
    child.once('close', (code) => {
      settle();
      resolve({ code: code ?? 137, log });
    });
  });
}

/** npm's install scripts are its children: all of them end with it. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in this moment.
  }
}

function failed(code: number, log: string): CodedError {
  const tail = log.trimEnd().split('\n').slice(-tailLines);
  const prepare = /\bprepare\b/.test(log);
  return new CodedError('release/install-failed', `"npm ci --omit=dev" ended with exit code ${code}`, {
    notes: tail.map((line) => `npm: ${line}`),
    help: prepare
      ? 'the "prepare" script runs here without dev dependencies; let it succeed without them'
      : 'run "npm ci --omit=dev" in a fresh clone to see the same, or set "release: { install: false }" in slipway.yml',
  });
}

function noNpm(cause: Error): CodedError {
  return new CodedError('release/no-npm', 'npm could not be started to install production dependencies', {
    help: 'add actions/setup-node to the job that deploys, or install npm on this machine',
    cause,
  });
}
