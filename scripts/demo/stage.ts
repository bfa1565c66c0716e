import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const example = fileURLToPath(new URL('../../examples/medianest/', import.meta.url));
/** What an app's own repository does not have. */
const notCommitted = new Set(['changes', 'node_modules', 'dist', 'data', 'coverage']);
/** A unix socket's address may have 107 bytes; the longest of Slipway's own comes after the home. */
const longestFolder = 60;

/** Where the demo plays: everything that it makes is in one folder. */
export interface Stage {
  folder: string;
  repository: string;
  home: string;
  env: NodeJS.ProcessEnv;
}

/** Makes the temp folder. */
export function openStage(): Stage {
  const folder = mkdtempSync(join(tmpdir().length > longestFolder ? '/tmp' : tmpdir(), 'slipway-demo-'));
  mkdirSync(join(folder, 'tmp'));
  return {
    folder,
    repository: join(folder, 'medianest'),
    home: join(folder, 'home'),
    env: stageEnvironment(folder),
  };
}

/** Puts a real git repository of the example app on it, at version 1, not committed yet. */
export async function furnish(stage: Stage): Promise<void> {
  cpSync(example, stage.repository, {
    recursive: true,
    filter: (source) => !notCommitted.has(basename(source)),
  });
  await git(stage, ['init', '--quiet', '--initial-branch=main']);
}

/**
 * What commands get. Nothing of the user's own Slipway, database or git settings: these would change the play, or the
 * play them.
 */
function stageEnvironment(folder: string): NodeJS.ProcessEnv {
  const mine = Object.entries(process.env).filter(
    ([name]) => !/^(SLIPWAY_|GIT_|NODE_OPTIONS$|DATABASE_URL$|FORCE_COLOR$)/.test(name),
  );
  const settings = { 'user.name': 'Demo', 'user.email': 'demo@example.com', 'gc.auto': '0' };
  return {
    ...Object.fromEntries(mine),
    SLIPWAY_HOME: join(folder, 'home'),
    TMPDIR: join(folder, 'tmp'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
    ...Object.fromEntries(
      Object.entries(settings).flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

/** A change of the example, laid over the commit that it was written for. */
export interface Change {
  /** Folders of `examples/medianest/changes`, laid over each other; none for the app as it stands. */
  folders: readonly string[];
  /** The commit whose files it starts from; null for those that are there. */
  over: string | null;
  message: string;
  /** Done last: each text is there exactly as it is written here. */
  edits?: readonly Edit[];
}

export interface Edit {
  file: string;
  from: string;
  to: string;
}

/** Commits a change on main. @returns The commit. */
export async function commit(stage: Stage, change: Change): Promise<string> {
  if (change.over !== null) await git(stage, ['read-tree', '-u', '--reset', change.over]);
  for (const folder of change.folders)
    cpSync(join(example, 'changes', folder), stage.repository, { recursive: true });
  for (const edit of change.edits ?? []) applyEdit(stage, edit);
  await git(stage, ['add', '--all']);
  await git(stage, ['commit', '--quiet', '--message', change.message]);
  return (await git(stage, ['rev-parse', 'HEAD'])).trim();
}

function applyEdit({ repository }: Stage, { file, from, to }: Edit): void {
  const path = join(repository, file);
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} does not say "${from}"`);
  writeFileSync(path, text.replace(from, to));
}

async function git(stage: Stage, args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...args], { cwd: stage.repository, env: stage.env });
  return stdout;
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the machine gave no port');
  return address.port;
}

/** The folder in which npm keeps what it has downloaded; null when npm does not say. */
export async function npmCache(): Promise<string | null> {
  try {
    const { stdout } = await run('npm', ['config', 'get', 'cache'], { cwd: tmpdir() });
    return stdout.trim() || null;
  } catch {
    return null;
  }
}

/** The example's `slipway.yml`. */
export function settingsOf(stage: Stage): string {
  return readFileSync(join(stage.repository, 'slipway.yml'), 'utf8');
}

export function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Removes the folder; what is gone already is fine. */
export function strike(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
