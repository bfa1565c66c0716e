import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectServer, type ServerClient } from '../../src/server/index.ts';
import { createBundle, openRepository } from '../../src/source/index.ts';
import type { RolloutView, RouterKind } from '../../src/wiring/index.ts';
import { pathWithCached } from '../rig/cached-programs.ts';
import { closeHome, freePort, type RigEngine } from '../rig/index.ts';
import { createRepository, type Repository, type Version } from './repository.ts';

/** The only environment of the app. */
export const scope = 'soak/production';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A whole Slipway in a temp folder, with one of the routers, and the app of one repository. */
export interface Stage<V = Version> {
  port: number;
  client: ServerClient;
  /** Commits a version and ships it; returns the ship once the server has taken it. */
  ship(version: V): Promise<{ ship: string; commit: string }>;
  /** Waits for a ship's end; gives its rollout. */
  shipEnds(ship: string): Promise<RolloutView>;
  abort(): Promise<void>;
  /** Goes back to what stands by; gives the rollout when it has ended. */
  goBack(to: string): Promise<RolloutView>;
  /** The end of what the server or the router has logged. */
  logTail(of: 'server' | 'router', lines: number): string[];
  /** Ends everything and proves by /proc that nothing is left. */
  close(): Promise<void>;
}

/** What a stage is made of. */
export interface StageParts<V> {
  router: RouterKind;
  /** Longest wait for a rollout; against hanging, never a measure of speed. */
  limitMs: number;
  app: string;
  createRepository: (folder: string) => Repository<V>;
  /** Where containers run; none for an app of processes. */
  engine?: RigEngine;
}

/** Starts a system on a free port for the app of the soak, with nothing shipped yet. */
export function openStage(router: RouterKind, limitMs: number): Promise<Stage> {
  return openStageOf({ router, limitMs, app: 'soak', createRepository });
}

/** Starts a system on a free port, with nothing shipped yet. */
export async function openStageOf<V>({
  router,
  limitMs,
  app,
  createRepository,
  engine,
}: StageParts<V>): Promise<Stage<V>> {
  const target = { app, environment: 'production', actor: 'ana' };
  const root = mkdtempSync(join(tmpdir(), 'sw-soak-'));
  const home = join(root, 'home');
  const port = await freePort();
  const repository = createRepository(join(root, 'app'));
  const client = connectServer({ home });
  const ended = (find: () => Promise<RolloutView | undefined>) =>
    until(limitMs, async () => {
      const rollout = await find();
      return rollout?.finishedAtMs == null ? null : rollout;
    });
  try {
    const args = ['up', '--home', home, '--http', `127.0.0.1:${port}`, '--router', router];
    const docker = engine ? { DOCKER_HOST: engine.url } : {};
    const env = { ...process.env, PATH: pathWithCached, ...docker };
    await promisify(execFile)(process.execPath, [cli, ...args], { env });
  } catch (error) {
    // Why it did not start matters more than what it left.
    await closeHome(root, home, client).catch(() => {});
    throw error;
  }
  return {
    port,
    client,
    async ship(version) {
      const commit = repository.commit(version);
      const outFile = join(root, `${commit}.bundle`);
      const ref = 'refs/heads/main';
      const source = await openRepository(repository.folder);
      await createBundle({ repository: source, commit, ref, haveCommits: [], outFile });
      await client.putCommit({ app, sha: commit, ref, bundleFile: outFile });
      rmSync(outFile);
      const { ship } = await client.ship({ app, commit, ref, actor: 'ana', defaultBranch: 'main' });
      return { ship, commit };
    },
    shipEnds: (ship) =>
      ended(async () => {
        const { state, reason, rollouts } = await client.getShip(ship);
        if (state !== 'running' && rollouts.length === 0) throw new Error(`no rollout: ${reason}`);
        return state === 'running' ? undefined : rollouts.at(-1);
      }),
    abort: async () => void (await client.abort(target)),
    goBack: async (to) => {
      const { rollout: id } = await client.rollback({ ...target, to });
      const rollouts = () => client.history({ app, limit: 5 });
      return ended(async () => (await rollouts()).find((one) => one.id === id));
    },
    logTail: (of, lines) =>
      readFileSync(join(home, 'logs', `${of}.log`), 'utf8')
        .trim()
        .split('\n')
        .slice(-lines),
    close: () => closeHome(root, home, client),
  };
}

/** Looks again until something is there. Throws after the limit. */
export async function until<T>(limitMs: number, look: () => Promise<T | null>): Promise<T> {
  for (const deadline = performance.now() + limitMs; ; await sleep(50)) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`it did not come true within ${limitMs} ms`);
  }
}
