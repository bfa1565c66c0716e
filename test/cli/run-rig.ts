import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const bin = resolve('bin/slipway.js');

/** How a command ended. */
export interface Ended {
  code: number | null;
  /** That ended it, as a shell tells it by 128 and more. */
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** A command that has not ended. */
export interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Waits until a step prints it; the name of a step that has it is no print. */
  prints: (text: string) => Promise<void>;
}

/** A repository with workflows, a home of its own, and the real command. */
export class RunRig {
  readonly root = mkdtempSync(join(tmpdir(), 'slipway-local-'));
  readonly repository = join(this.root, 'shop');
  readonly home = join(this.root, 'home');
  /** Carried by every process of the jobs, to find those that are left. */
  readonly marker = `mark-${process.pid}-${Math.floor(performance.now())}`;

  /** @param workflows - By name of the file in .github/workflows. */
  constructor(workflows: Record<string, string>) {
    mkdirSync(this.repository);
    this.git('init', '--quiet', '--initial-branch=main');
    this.write({ 'README.md': 'hello\n', '.gitignore': 'ignored\n' });
    for (const [name, text] of Object.entries(workflows)) this.write({ [`.github/workflows/${name}`]: text });
    this.commit('First');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com'];
    return execFileSync('git', [...identity, ...args], { cwd: this.repository, encoding: 'utf8' });
  }

  write(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.repository, path)), { recursive: true });
      writeFileSync(join(this.repository, path), text);
    }
  }

  commit(message: string): void {
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', message);
  }

  /** Starts `slipway run`, as the leader of a process group, and does not wait. */
  start(words: string[], env: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [bin, 'run', '--home', this.home, '--actor', 'ana', ...words], {
      cwd: this.repository,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.root, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const ended: Ended = { code: null, signal: null, out: '', err: '' };
    child.stdout?.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
    return {
      child,
      ended: new Promise((done) => {
        child.once('close', (code, signal) => done({ ...ended, code, signal }));
      }),
      prints: (text) =>
        new Promise((done) => {
          const look = () => ended.out.includes(`|   ${text}`) && done();
          child.stdout?.on('data', look);
          look();
        }),
    };
  }

  /** Runs `slipway run` to its end. */
  run(words: string[] = [], env: Record<string, string> = {}): Promise<Ended> {
    return this.start(words, env).ended;
  }

  /** Command lines of processes that carry the marker, or this rig's folder in their environment. */
  leftovers(): string[] {
    const read = (pid: string, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((pid) => {
        try {
          const line = read(pid, 'cmdline').replaceAll('\0', ' ');
          return line.includes(this.marker) || read(pid, 'environ').includes(this.root) ? [line] : [];
        } catch {
          return [];
        }
      });
  }

  /** Puts a program before all others, for the command and for its jobs; the variables that bring it about. */
  program(name: string, script: string): Record<string, string> {
    const bin = join(this.root, 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  }
}

/** What steps printed, without the names of jobs before it. */
export function printed({ out }: Ended): string[] {
  return out.split('\n').flatMap((line) => /^[^|]+ \| {3}(.*)$/.exec(line)?.[1] ?? []);
}

/** Times that differ from run to run, and hashes, made the same. */
export function steady(text: string): string {
  return text.replaceAll(/\b\d+\.\ds\b/g, '0.0s').replaceAll(/\b[0-9a-f]{7}\b$/gm, 'abc1234');
}
