import { freePort } from '../rig/free-port.ts';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsOf, showsTruth } from './console.ts';
import { blocksOf } from './pages.ts';

/** Makes what a page is about, such as a full disk, before its next commands are typed. */
export type Scene = (typist: Typist) => Promise<unknown>;

/**
 * Types what pages say into a shell, on a machine of its own: a temp folder in which `/var/lib/slipway` is the home, and
 * a free port that pages call 8080. `cd` of one command holds for the next.
 */
export interface Typist {
  root: string;
  home: string;
  port: number;
  /** Where the next command is typed. */
  folder: string;
  env: Record<string, string>;
  /** Types a line; gives what it prints, as a reader of the page would see it. */
  type(command: string): Promise<string[]>;
  /** Types a line again and again until it says so. */
  typeUntil(command: string, says: RegExp): Promise<void>;
  /** Writes files into the folder. */
  write(files: Record<string, string>): Promise<void>;
  /**
   * Types a page from top to bottom: blocks with a file name are written into the folder, blocks marked `slipway-test`
   * are typed, and a comment `scene: NAME` makes that scene. Gives what differs from the page, in words.
   */
  typePage(page: string, scenes?: Readonly<Record<string, Scene>>): Promise<string[]>;
  /** Ends server, supervisor, router and apps, and removes the folder. */
  close(): Promise<void>;
}

/** A command that takes longer is ended, so that what it printed is seen. */
const longestCommandMs = 240_000;

/** Comes to a machine on which nothing runs yet. */
export async function openTypist(variables: Readonly<Record<string, string>> = {}): Promise<Typist> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'sw-docs-')));
  const library = join(root, 'var/lib');
  const home = join(library, 'slipway');
  const port = await freePort();
  const bin = join(root, 'bin');
  await mkdir(bin);
  await mkdir(library, { recursive: true });
  await symlink(resolve('bin/slipway.js'), join(bin, 'slipway'));
  const { NODE_EXTRA_CA_CERTS, HTTP_PROXY, HTTPS_PROXY, NO_PROXY, npm_config_registry } = process.env;
  const network = { NODE_EXTRA_CA_CERTS, HTTP_PROXY, HTTPS_PROXY, NO_PROXY, npm_config_registry };
  const env = {
    ...Object.fromEntries(
      Object.entries(network).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    PATH: `${bin}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: root,
    SLIPWAY: resolve('.'),
    SLIPWAY_HOME: home,
    // What a page shows must not depend on the images that a machine has.
    DOCKER_HOST: `unix://${join(root, 'no-docker.sock')}`,
    SLIPWAY_HTTP: `127.0.0.1:${port}`,
    GIT_AUTHOR_NAME: 'Ana',
    GIT_AUTHOR_EMAIL: 'ana@example.com',
    GIT_COMMITTER_NAME: 'Ana',
    GIT_COMMITTER_EMAIL: 'ana@example.com',
    ...variables,
  };
  const here = (command: string) =>
    command.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`).replaceAll('/var/lib', library);
  const there = (line: string) => line.replaceAll(`:${port}`, ':8080').replaceAll(library, '/var/lib');
  const typist: Typist = {
    root,
    home,
    port,
    folder: root,
    env,
    async type(command) {
      const output = await new Promise<string>((done) => {
        const line = `exec 2>&1; ${here(command)}\necho "at $PWD"`;
        execFile('bash', ['-c', line], { cwd: typist.folder, env, timeout: longestCommandMs }, (_, stdout) =>
          done(stdout),
        );
      });
      const lines = output.trimEnd().split('\n');
      // A command that was ended says no place. Nothing may ever be typed where this process stands: in the repository.
      const place = /^at (\/.*)$/.exec(lines.at(-1) ?? '')?.[1];
      if (place === undefined) return [...lines, `(ended after ${longestCommandMs / 1000} s)`].map(there);
      typist.folder = place;
      return lines.slice(0, -1).map(there);
    },
    async typeUntil(command, says) {
      const deadline = performance.now() + 240_000;
      for (let last = ''; ; await sleep(300)) {
        last = (await typist.type(command)).join('\n');
        if (says.test(last)) return;
        if (performance.now() > deadline) throw new Error(`${command} does not say ${says}, but:\n${last}`);
      }
    },
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(typist.folder, path)), { recursive: true });
        await writeFile(join(typist.folder, path), text);
      }
    },
    typePage: (page, scenes = {}) => typePage(typist, page, scenes),
    async close() {
      typist.folder = root;
      if (existsSync(home)) await typist.type('slipway down --all');
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return typist;
}

/** Languages of blocks that are files, where they have a name. */
const written = ['yaml', 'js', 'json', 'dockerfile'];

async function typePage(
  typist: Typist,
  page: string,
  scenes: Readonly<Record<string, Scene>>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { place, language, info, text } of blocksOf(page)) {
    if (language === 'scene') {
      const scene = scenes[info];
      if (!scene) throw new Error(`${place}: nobody can make "${info}"`);
      await scene(typist);
    }
    if (written.includes(language) && info !== '' && !info.includes(' '))
      await typist.write({ [info]: text });
    if (info !== 'slipway-test') continue;
    for (const { command, shown } of commandsOf(text)) {
      const printed = await typist.type(command);
      if (!showsTruth(shown, printed)) wrong.push(`${place}\n$ ${command}\n${printed.join('\n')}`);
    }
  }
  return wrong;
}
