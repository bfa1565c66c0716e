import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ShipView } from '../../src/wiring/index.ts';
import { appPort, copies, writeCompose } from './app.ts';
import { answersAs, freePort, runCommand } from './commands.ts';
import type { Contender } from './contender.ts';

/** How Slipway updates the app here. */
export interface Way {
  strategy: 'blue-green' | 'rolling';
  router: 'embedded' | 'haproxy' | 'nginx';
}

const intervalMs = 250;
const successes = 2;
const bin = resolve(import.meta.dirname, '../../bin/slipway.js');

/** `slipway ship` of a commit that names the new image, with a server of its own. */
export async function slipwayShip(
  folder: string,
  url: string,
  { strategy, router }: Way,
): Promise<Contender> {
  const app = `bench-${strategy}-${router}`;
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    SLIPWAY_HOME: join(folder, 'home'),
    DOCKER_HOST: url,
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const repository = join(folder, 'app');
  const settings = { cwd: repository, env };
  const slipway = (...words: string[]) => runCommand([process.execPath, bin, ...words], settings);
  const git = (...words: string[]) => {
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost'];
    return runCommand(['git', ...identity, ...words], settings);
  };
  const commit = async (version: number) => {
    writeCompose(repository, { name: app, version, ports: `127.0.0.1:80:${appPort}` });
    await git('add', '--all');
    await git('commit', '--quiet', '--message', `Version ${version}`);
  };
  return {
    name: `slipway ship, ${strategy}`,
    app,
    what: `${router} router; ready after ${successes} probes ${intervalMs} ms apart, no bake`,
    mark: folder,
    port,
    waitsMs: (successes - 1) * intervalMs * (strategy === 'rolling' ? copies : 1),
    startsInTurn: strategy === 'rolling' ? copies : 1,
    begin: async (version) => {
      writeCompose(repository, { name: app, version, ports: null });
      writeFileSync(join(repository, 'slipway.yml'), settingsFile(app, strategy));
      mkdirSync(join(repository, '.github/workflows'), { recursive: true });
      writeFileSync(join(repository, '.github/workflows/ci.yml'), workflow);
      await git('init', '--quiet', '--initial-branch=main');
      await commit(version);
      await slipway('up', '--http', `127.0.0.1:${port}`, '--router', router);
      await slipway('ship');
      await answersAs(port, version);
    },
    update: async (version) => {
      await commit(version);
      const lines = (await slipway('ship', '--json')).trim().split('\n');
      const ship = JSON.parse(lines.at(-1) ?? '{}') as ShipView;
      const [rollout] = ship.rollouts;
      if (!rollout?.finishedAtMs) throw new Error(`the ship ended ${ship.state}: ${ship.reason ?? ''}`);
      return rollout.finishedAtMs - rollout.requestedAtMs;
    },
    end: async () => void (await slipway('down', '--all')),
  };
}

/** The least that Slipway ships with; the peers run none. */
const workflow = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: 'true'
`;

function settingsFile(name: string, strategy: Way['strategy']): string {
  return [
    `name: ${name}`,
    "route: { host: '*' }",
    'environments:',
    '  production:',
    '    branches: [main]',
    `    strategy: ${strategy}`,
    `    health: { path: /ready, interval: ${intervalMs}ms, successes: ${successes} }`,
    '    bake: 0s',
    '',
  ].join('\n');
}
