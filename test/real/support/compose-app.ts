import { freePort } from '../../rig/free-port.ts';
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The example app in a repository of its own, and a Slipway that ships it by the real command. */
export interface ComposeStage {
  home: string;
  port: number;
  /** Changes a file of the repository; the next `commit` takes it. */
  edit(path: string, change: (text: string) => string): void;
  write(path: string, text: string): void;
  /** Commits as a version of the app, which its answers tell. */
  commit(version: string): string;
  slipway(...args: string[]): Promise<Said>;
  setSecret(name: string, value: string): Promise<void>;
  /** Waits until `slipway status` says so. */
  untilStatus(says: (text: string) => boolean): Promise<void>;
  /** Asks the app as its users do. */
  ask(path: string): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Ends server, supervisor and router, and removes everything. */
  close(): Promise<void>;
}

/** What a command has said. */
export interface Said {
  code: number;
  out: string;
  err: string;
}

const example = resolve('examples/compose-app');
const bin = resolve('bin/slipway.js');

/** Makes the stage; nothing is committed and no server runs yet. */
export async function composeStage(dockerHost: string): Promise<ComposeStage> {
  const root = mkdtempSync(join(tmpdir(), 'sw-compose-'));
  const home = join(root, 'home');
  const folder = join(root, 'notes');
  cpSync(example, folder, { recursive: true });
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    HOME: root,
    SLIPWAY_HOME: home,
    DOCKER_HOST: dockerHost,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ana',
    GIT_AUTHOR_EMAIL: 'ana@example.com',
    GIT_COMMITTER_NAME: 'Ana',
    GIT_COMMITTER_EMAIL: 'ana@example.com',
  };
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const edit = (path: string, change: (text: string) => string) => {
    const file = join(folder, path);
    const before = readFileSync(file, 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`nothing has changed in ${path}`);
    writeFileSync(file, after);
  };
  git('init', '-q', '-b', 'main');
  // What the image would install from a registry comes with the commit here: no test needs a network.
  vendor(folder);
  edit('slipway.yml', (text) =>
    text
      .replace('  install: true', '  install: false')
      .replace(
        '    branches: [main]\n',
        '    branches: [main]\n    env: { NODE_IMAGE: slipway-test/node }\n',
      ),
  );
  writeFileSync(join(folder, '.gitignore'), '');
  const run = (args: string[], input = '') =>
    new Promise<Said>((done) => {
      const child = execFile(
        process.execPath,
        [bin, ...args],
        { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 },
        (error, out, err) => done({ code: error ? Number(error.code ?? 1) : 0, out, err }),
      );
      child.stdin?.end(input);
    });
  const slipway = (...args: string[]) => run(args);
  return {
    home,
    port,
    edit,
    write: (path, text) => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    },
    commit: (version) => {
      edit('src/version.ts', (text) => text.replace(/'.*'/, `'${version}'`));
      git('add', '-A');
      git('commit', '-q', '-m', `Version ${version}`);
      return git('rev-parse', 'HEAD');
    },
    slipway,
    setSecret: async (name, value) => {
      const { code, err } = await run(['secrets', 'set', name, '--environment', 'production'], value);
      if (code !== 0) throw new Error(err);
    },
    untilStatus: async (says) => {
      const deadline = performance.now() + 240_000;
      for (let last = ''; ; await sleep(200)) {
        const { code, out } = await slipway('status');
        if (code === 0 && says(out)) return;
        last = out;
        if (performance.now() > deadline) throw new Error(`the status is still:\n${last}`);
      }
    },
    ask: (path) => askOnce(port, path),
    close: async () => {
      await slipway('down', '--all');
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The app's dependencies, as they are installed beside the tests. */
function vendor(folder: string): void {
  const seen = new Set<string>();
  const take = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    const source = resolve('node_modules', name);
    cpSync(source, join(folder, 'node_modules', name), { recursive: true });
    const { dependencies = {} } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const needed of Object.keys(dependencies)) take(needed);
  };
  take('pg');
}

function askOnce(
  port: number,
  path: string,
  agent: Agent | false = false,
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((done, fail) => {
    const signal = AbortSignal.timeout(30_000);
    const outgoing = request({ host: '127.0.0.1', port, path, agent, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', fail);
      response.on('end', () => {
        const isJson = String(response.headers['content-type']).includes('json');
        done({
          status: response.statusCode ?? 0,
          body: isJson ? (JSON.parse(text) as Record<string, unknown>) : { text },
        });
      });
    });
    outgoing.on('error', fail).end();
  });
}

/** People who use the app all the time, on kept and on fresh connections. */
export interface Visitors {
  /** Everything that was not answered 200. */
  failures: string[];
  /** Answers by the version of the web service that gave them. */
  answers: Map<string, number>;
  stop(): Promise<void>;
}

/** Sends visitors, who retry nothing. */
export function sendVisitors(port: number): Visitors {
  const state = { stopping: false };
  const failures: string[] = [];
  const answers = new Map<string, number>();
  const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true }), false, false] as const;
  const visit = async (agent: Agent | false) => {
    while (!state.stopping) {
      try {
        const { status, body } = await askOnce(port, '/', agent);
        const who = String(body['web']);
        if (status === 200) answers.set(who, (answers.get(who) ?? 0) + 1);
        else failures.push(`${new Date().toISOString()} ${status} ${JSON.stringify(body).slice(0, 200)}`);
      } catch (error) {
        failures.push(`${new Date().toISOString()} ${String(error)}`);
      }
      await sleep(20);
    }
  };
  const all = Promise.all(agents.map(visit));
  return {
    failures,
    answers,
    stop: async () => {
      state.stopping = true;
      await all;
      for (const agent of agents) if (agent) agent.destroy();
    },
  };
}
