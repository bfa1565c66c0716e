import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isRunning, processesOf, signal } from '../rig/index.ts';

const bin = resolve('bin/slipway.js');

/** Files of a repository by path; null is not there. */
export type Files = Record<string, string | null>;

export interface RunOptions {
  cwd?: string;
  home?: string;
  stdin?: string;
  /** Variables beside those that every command gets. */
  env?: Record<string, string>;
  /** Words before the command, such as those of `setpriv`. */
  through?: readonly string[];
}

/** A command that has ended, as its user saw it; volatile parts are placeholders. */
export interface Seen {
  text: string;
  exitCode: number | null;
}

/** A user's machine in a temp folder: repositories, a home, and the real command. */
export interface Stage {
  root: string;
  home: string;
  run(words: readonly string[], options?: RunOptions): Promise<Seen>;
  /** A repository of a small sound app with these files changed, committed unless told otherwise. */
  repository(name: string, files?: Files, options?: { commit?: boolean; branch?: string }): string;
  git(folder: string, ...words: string[]): string;
  /** Replaces a volatile text, such as a port, in everything that is seen from now on. */
  hide(text: string, placeholder: string): void;
  close(): Promise<void>;
}

/** An app that is sound in every way, whose job and rollout take a moment. */
const soundApp: Files = {
  'package.json': '{ "name": "shop", "private": true, "type": "module" }\n',
  Procfile: `web: exec '${process.execPath}' server.js\n`,
  'server.js': [
    "import { createServer } from 'node:http';",
    "createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');",
    '',
  ].join('\n'),
  'slipway.yml': [
    'name: shop',
    'environments:',
    '  production:',
    '    branches: [main]',
    '    health: { path: /, interval: 100ms, timeout: 2s, successes: 1, deadline: 20s }',
    '    bake: 100ms',
    '',
  ].join('\n'),
  '.github/workflows/ci.yml': workflow('    steps:\n      - run: echo tested'),
};

/** A workflow with one job, "test", that ends like this. */
export function workflow(end: string, on = 'push'): string {
  return `on: ${on}\njobs:\n  test:\n    runs-on: ubuntu-latest\n${end}\n`;
}

/** Sets the stage; nothing runs yet. */
export function setStage(): Stage {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'sw-')));
  const home = join(root, 'home');
  const hidden = new Map<string, string>([
    [home, '<home>'],
    [root, '<tmp>'],
    [process.execPath, '<node>'],
  ]);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: join(root, 'user'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ana',
    GIT_AUTHOR_EMAIL: 'ana@example.com',
    GIT_COMMITTER_NAME: 'Ana',
    GIT_COMMITTER_EMAIL: 'ana@example.com',
  };
  mkdirSync(env.HOME);
  writeFileSync(join(env.HOME, '.gitconfig'), '[user]\nname = Ana\nemail = ana@example.com\n');
  const git = (folder: string, ...words: string[]) =>
    execFileSync('git', words, { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' }).trim();
  return {
    root,
    home,
    git,
    hide: (text, placeholder) => void hidden.set(text, placeholder),
    async run(words, options = {}) {
      const { cwd = root, stdin = '', through = [] } = options;
      const ended = await runCommand([...through, process.execPath, bin, ...words], {
        cwd,
        stdin,
        env: { ...env, SLIPWAY_HOME: options.home ?? home, ...options.env },
      });
      const text = tidy(`$ slipway ${words.join(' ')}\n${ended.stdout}${ended.stderr}`, hidden);
      return { text: `${text.trimEnd()}\n[exit code ${ended.exitCode}]\n`, exitCode: ended.exitCode };
    },
    repository(name, files = {}, { commit = true, branch = 'main' } = {}) {
      const folder = join(root, name);
      for (const [path, text] of Object.entries({ ...soundApp, ...files })) {
        if (text === null) continue;
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      git(folder, 'init', '-q', '-b', branch);
      if (!commit) return folder;
      git(folder, 'add', '-A');
      git(folder, 'commit', '-q', '-m', 'Sell things');
      hidden.set(git(folder, 'rev-parse', 'HEAD'), '<commit>');
      return folder;
    },
    close: () => close(root),
  };
}

/** Starts the server of the stage, on a port that nobody sees. */
export async function startServer(stage: Stage): Promise<void> {
  const port = await freePort();
  stage.hide(`127.0.0.1:${port}`, '127.0.0.1:<port>');
  const up = await stage.run(['up', '--http', `127.0.0.1:${port}`]);
  if (up.exitCode !== 0) throw new Error(up.text);
}

async function runCommand(
  [program = '', ...words]: string[],
  { cwd, env, stdin }: { cwd: string; env: Record<string, string>; stdin: string },
): Promise<{ stdout: string; stderr: string; exitCode: number | null }> {
  const child = spawn(program, words, { cwd, env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {}).end(stdin);
  const exitCode = await new Promise<number | null>((done, fail) =>
    child.on('close', done).on('error', fail),
  );
  return { stdout, stderr, exitCode };
}

/** What differs between two runs of one mistake, as placeholders; what is said on the way there is left out. */
function tidy(text: string, hidden: ReadonlyMap<string, string>): string {
  let tidied = text;
  // The longest first: a home lies in its root.
  for (const [secret, placeholder] of [...hidden].sort(([a], [b]) => b.length - a.length)) {
    tidied = tidied.replaceAll(secret, placeholder);
    if (placeholder === '<commit>') tidied = tidied.replaceAll(secret.slice(0, 7), placeholder);
  }
  return tidied
    .replaceAll(/(?:^\[.*\] .*\n)+/gm, '[…]\n')
    .replaceAll(/\b(s|ro|run)-[0-9a-f]{6,8}\b/g, '$1-<id>')
    .replaceAll(/\b(process|pid) \d+\b/g, '$1 <pid>')
    .replaceAll(/\bport \d{4,}\b/g, 'port <port>')
    .replaceAll(/\b\d+\.\d ?s\b/g, '<time>');
}

/** Ends what the stage's commands have started, by pid, and removes the folder. */
async function close(root: string): Promise<void> {
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    for (const { pid } of processesOf(root)) if (isRunning(pid)) signal(pid, name);
    const ending = performance.now() + 10_000;
    while (processesOf(root).length > 0 && performance.now() < ending)
      await new Promise((done) => setTimeout(done, 50));
  }
  rmSync(root, { recursive: true, force: true });
}

/** A port that nobody listens on, or with `keep` one that somebody does. */
export async function takePort(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, server };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const { port, server } = await takePort();
  await new Promise((done) => server.close(done));
  return port;
}
