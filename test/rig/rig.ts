import { chmodSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectServer, ServerRefusal, startServer, type ServerClient } from '../../src/server/index.ts';
import { createBundle, openRepository } from '../../src/source/index.ts';
import { createSupervisorClient, type ProcessStatus } from '../../src/supervisor/index.ts';
import type { EnvironmentView, RevisionView, RolloutView, RolloutViewState } from '../../src/wiring/index.ts';
import { closeHome } from './close-home.ts';
import { freePort } from './free-port.ts';
import { containerPlace, processPlace, type Place, type RigEngine } from './places.ts';
import { createAppRepository, type AppRepository, type VersionOptions } from './repository.ts';
import { persist, until } from './wait.ts';

/** The only environment of the fixture app. */
export const scope = 'rig/production';

export interface RigOptions {
  /** How long a frozen server keeps its claims. */
  leaseMs?: number;
  /** Ships a Compose app to this engine instead of processes; nothing else may run there. */
  engine?: RigEngine;
  /** Folder for the home, in place of one among temporary files. */
  parent?: string;
}

/** A whole Slipway in a temp folder: server, supervisor, router, and a repository to ship from. */
export interface Rig {
  home: string;
  /** Where users reach the app. */
  port: number;
  client: ServerClient;
  repository: AppRepository;
  /** Where the copies of the app run. */
  place: Place;
  /** Starts a server as `slipway up` does; returns its pid. */
  startServer(): Promise<number>;
  /** Commits a version and ships it; returns once the server has taken it. */
  ship(version: string, options?: VersionOptions): Promise<{ ship: string; commit: string }>;
  /** Ships and waits for the end. */
  shipAndWait(version: string, options?: VersionOptions): Promise<void>;
  rollback(to?: string): Promise<string>;
  rolloutEnds(id: string): Promise<RolloutView>;
  /** Waits until no ship and no rollout is under way, and nothing is on its way out. */
  rest(): Promise<EnvironmentView>;
  environment(): Promise<EnvironmentView>;
  processes(): Promise<ProcessStatus[]>;
  /** What an answer of a revision says of itself; see `LoadReport.answers`. */
  nameOf(revision: RevisionView): string;
  supervisorPid(): Promise<number>;
  serverLog(): string;
  /** What the fixture keeps between releases. */
  appData(file: string): string;
  /** Ends everything and proves by /proc that nothing is left. */
  close(): Promise<void>;
}

/** Starts a system on a free port, with nothing shipped yet. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const root = mkdtempSync(join(tmpdir(), 'sw-'));
  const { engine, parent = root, ...request } = options;
  const home = join(parent, 'home');
  const port = await freePort();
  const dataFolder = engine ? makeOpenFolder(join(root, 'data')) : null;
  const repository = createAppRepository(join(root, 'app'), dataFolder);
  const client = connectServer({ home });
  const supervisor = createSupervisorClient(home);
  const start = async () => {
    if (engine) process.env['DOCKER_HOST'] = engine.url;
    try {
      const { health } = await startServer({ home, listen: `127.0.0.1:${port}`, jobEnv: {}, ...request });
      return health.pid;
    } finally {
      if (engine) delete process.env['DOCKER_HOST'];
    }
  };
  const environment = async () => {
    const { environments } = await persist(() => client.status());
    const [view] = environments;
    if (!view) throw new Error('nothing was shipped yet');
    return view;
  };
  const rig: Rig = {
    home,
    port,
    client,
    repository,
    place: engine ? containerPlace(engine, scope) : processPlace(supervisor, scope),
    startServer: start,
    ship: (version, more) => ship({ client, repository, root }, version, more),
    async shipAndWait(version, more) {
      const { ship } = await rig.ship(version, more);
      await until(
        `${version} has been shipped`,
        async () => (await persist(() => client.getShip(ship))).state !== 'running',
        () => client.getShip(ship),
      );
    },
    rollback: async (to) => {
      const wish = { app: 'rig', environment: 'production', actor: 'ana' };
      return (await client.rollback({ ...wish, ...(to === undefined ? {} : { to }) })).rollout;
    },
    async rolloutEnds(id) {
      let last: RolloutView | null = null;
      await until(
        `${id} has ended`,
        async () => {
          last = await lookAt(client, id);
          return last !== null && endStates.includes(last.state);
        },
        () => last,
      );
      return last as unknown as RolloutView;
    },
    async rest() {
      await until(
        'the system comes to rest',
        () => isAtRest(rig),
        () => client.status(),
      );
      return environment();
    },
    environment,
    processes: () => supervisor.list(scope),
    nameOf: ({ title, revision }) => `${title.split(' ')[0]} ${engine ? '' : revision}`,
    supervisorPid: async () => (await supervisor.health()).pid,
    serverLog: () => readFileSync(join(home, 'logs', 'server.log'), 'utf8'),
    appData: (file) =>
      readFileSync(join(dataFolder ?? join(home, 'apps', 'rig', 'data', 'production'), file), 'utf8'),
    close: () => closeHome(root, home, client),
  };
  try {
    await start();
  } catch (error) {
    await closeHome(root, home, client);
    throw error;
  }
  return rig;
}

async function ship(
  { client, repository, root }: { client: ServerClient; repository: AppRepository; root: string },
  version: string,
  options: VersionOptions = {},
): Promise<{ ship: string; commit: string }> {
  const commit = repository.commit(version, options);
  const outFile = join(root, `${commit}.bundle`);
  const ref = 'refs/heads/main';
  const source = await openRepository(repository.folder);
  await createBundle({ repository: source, commit, ref, haveCommits: [], outFile });
  await persist(() => client.putCommit({ app: 'rig', sha: commit, ref, bundleFile: outFile }));
  const { ship } = await persist(() =>
    client.ship({ app: 'rig', commit, ref, actor: 'ana', defaultBranch: 'main' }),
  );
  return { ship, commit };
}

const endStates: RolloutViewState[] = ['succeeded', 'failed', 'aborted', 'superseded'];

/** A rollout that was only just asked for is not known yet. */
async function lookAt(client: ServerClient, id: string): Promise<RolloutView | null> {
  try {
    return await persist(() => client.getRollout(id));
  } catch (error) {
    if (error instanceof ServerRefusal) return null;
    throw error;
  }
}

async function isAtRest(rig: Rig): Promise<boolean> {
  const { environments, ships } = await persist(() => rig.client.status());
  const [view] = environments;
  if (ships.length > 0 || !view || view.rollout) return false;
  const known = [view.serving?.revision, view.standby?.revision, 'shared'];
  const copies = await rig.place.copies().catch(() => null);
  return copies !== null && copies.every(({ id, runs }) => runs && known.includes(id.split('-')[0]));
}

/** Containers have users of their own. */
function makeOpenFolder(folder: string): string {
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  return folder;
}
