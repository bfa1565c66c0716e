import { freePort } from '../../rig/free-port.ts';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createAppRepository, isRunning, processesOf, signal, until } from '../../rig/index.ts';
import type { AppRepository } from '../../rig/index.ts';

/** The command as users have it. */
export const bin = resolve('bin/slipway.js');

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
}

/** A command that runs: what it has printed so far, and its end. */
export interface Command {
  child: ChildProcess & { pid: number };
  text: () => string;
  /** Waits until it has printed this, or throws when it ends before. */
  says(text: string): Promise<void>;
  ended: Promise<{ text: string; exitCode: number | null }>;
}

/** A machine in a temp folder: a home, a repository to ship from, and the real command. */
export interface Trial {
  root: string;
  home: string;
  /** Free when the trial began; where users reach the app. */
  port: number;
  repository: AppRepository;
  /** Makes the workflow of the repository wait for `openGate`; for ships that are to be disturbed on their way. */
  addGate(): void;
  openGate(): void;
  closeGate(): void;
  env: Record<string, string>;
  start(words: readonly string[], options?: RunOptions): Command;
  /** Runs a command to its end; throws with what it said unless it ends with 0. */
  slipway(words: readonly string[], options?: RunOptions): Promise<string>;
  /** What users get. */
  version(): Promise<string>;
  /** Ends everything and proves by /proc that nothing is left. */
  close(): Promise<void>;
}

/** Sets up a machine on which nothing runs yet. `env` goes to every command. */
export async function setUpTrial(env: Record<string, string> = {}): Promise<Trial> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'sw-')));
  const home = join(root, 'home');
  const gate = join(root, 'gate');
  const repository = createAppRepository(join(root, 'app'));
  const port = await freePort();
  const base = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(root, 'user'),
    GIT_CONFIG_NOSYSTEM: '1',
    SLIPWAY_HOME: home,
    SLIPWAY_HTTP: `127.0.0.1:${port}`,
    ...env,
  };
  mkdirSync(base.HOME);
  const start = (words: readonly string[], { cwd = repository.folder, env: more = {} }: RunOptions = {}) =>
    startCommand([process.execPath, bin, ...words], { cwd, env: { ...base, ...more } });
  const slipway = async (words: readonly string[], options?: RunOptions) => {
    const { text, exitCode } = await start(words, options).ended;
    if (exitCode !== 0) throw new Error(`slipway ${words.join(' ')} ended with ${exitCode}: ${text}`);
    return text;
  };
  return {
    root,
    home,
    port,
    repository,
    addGate() {
      mkdirSync(join(repository.folder, '.github/workflows'), { recursive: true });
      writeFileSync(join(repository.folder, '.github/workflows/ci.yml'), gatedWorkflow(gate));
    },
    openGate: () => writeFileSync(gate, ''),
    closeGate: () => rmSync(gate, { force: true }),
    env: base,
    start,
    slipway,
    version: async () => (await fetch(`http://127.0.0.1:${port}/`)).headers.get('x-version') ?? '',
    close: async () => {
      // A gate that nobody opened would keep its worker.
      writeFileSync(gate, '');
      try {
        await slipway(['down', '--all']);
      } finally {
        await sweep(root);
      }
    },
  };
}

/** Starts a command with the environment given and nothing else. */
export function startCommand(
  [file = '', ...words]: readonly string[],
  options: { cwd: string; env: Record<string, string>; detached?: boolean },
): Command {
  const child = spawn(file, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  let isOver = false;
  const ended = new Promise<{ text: string; exitCode: number | null }>((done, fail) => {
    child.on('error', fail);
    child.on('close', (exitCode) => {
      isOver = true;
      done({ text: said, exitCode });
    });
  });
  return {
    child: child as ChildProcess & { pid: number },
    text: () => said,
    ended,
    says: (text) =>
      until(
        `"${text}" is printed`,
        () => {
          if (said.includes(text)) return true;
          if (isOver) throw new Error(`it ended without "${text}": ${said}`);
          return false;
        },
        () => said,
      ),
  };
}

/** Removes the folder once nothing runs in it any more; throws with what had to be killed. */
export async function sweep(root: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (processesOf(root).length > 0 && performance.now() < deadline)
    await new Promise((done) => setTimeout(done, 50));
  const left = processesOf(root);
  for (const { pid } of left) if (isRunning(pid)) signal(pid, 'SIGKILL');
  rmSync(root, { recursive: true, force: true });
  if (left.length > 0)
    throw new Error(`left running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
}

function gatedWorkflow(gate: string): string {
  return `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo the gate is closed
          until [ -e '${gate}' ]; do sleep 0.05; done
          echo the gate is open
`;
}
