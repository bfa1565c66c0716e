import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { copies, writeCompose } from './app.ts';
import { answersAs, freePort, runCommand } from './commands.ts';
import type { Contender } from './contender.ts';
import { nginxFile, startEdge, type Edge } from './edge.ts';

/** Where test/docker/install-compose.sh puts it, and where Docker's packages do. */
const plugins = [
  join(homedir(), '.cache/slipway-rig/compose/usr/libexec/docker/cli-plugins/docker-compose'),
  '/usr/libexec/docker/cli-plugins/docker-compose',
  '/usr/lib/docker/cli-plugins/docker-compose',
];

/** What is missing for `docker compose` behind nginx; null when all is there. */
export function lacksCompose(): string | null {
  if (composePlugin() === undefined) return 'docker compose: sh test/docker/install-compose.sh';
  return existsSync(nginxFile) ? null : 'nginx: apt-get install nginx-light';
}

function composePlugin(): string | undefined {
  return plugins.find((file) => existsSync(file));
}

/** The environment of `docker` and `docker compose` in a folder of their own. */
export function dockerEnvironment(folder: string, url: string): Record<string, string> {
  const config = join(folder, 'docker');
  const plugin = composePlugin();
  mkdirSync(join(config, 'cli-plugins'), { recursive: true });
  const link = join(config, 'cli-plugins/docker-compose');
  if (plugin !== undefined && !existsSync(link)) symlinkSync(plugin, link);
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: folder, DOCKER_CONFIG: config, DOCKER_HOST: url };
}

/** `docker compose up -d` with the new image: copies are stopped, and made anew on their ports. */
export async function composeUp(folder: string, url: string): Promise<Contender> {
  const app = 'bench-compose';
  const port = await freePort();
  const first = await freePort(copies);
  const ports = Array.from({ length: copies }, (_, index) => first + index);
  const settings = { cwd: folder, env: dockerEnvironment(folder, url) };
  let edge: Edge | null = null;
  const up = async (version: number) => {
    writeCompose(folder, { name: app, version, ports: `127.0.0.1:${first}-${first + copies - 1}:3000` });
    await runCommand(['docker', 'compose', 'up', '-d', '--wait'], settings);
  };
  return {
    name: 'docker compose up -d --wait',
    app,
    what: 'nginx before the published ports of the copies',
    mark: folder,
    port,
    waitsMs: 0,
    startsInTurn: 1,
    begin: async (version) => {
      await up(version);
      edge = startEdge(
        join(folder, 'nginx'),
        port,
        ports.map((one) => `127.0.0.1:${one}`),
      );
      await answersAs(port, version);
    },
    update: async (version) => {
      await up(version);
      return null;
    },
    end: async () => {
      await runCommand(['docker', 'compose', 'down', '--timeout', '1'], settings);
      await edge?.end();
    },
  };
}
