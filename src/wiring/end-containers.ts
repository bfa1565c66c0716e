import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../docker/index.ts';
import { containerLabel } from '../targets/index.ts';
import { dockerAt, homeIdOf } from './docker.ts';
import type { Layout } from './layout.ts';

/** From the stop signal to SIGKILL, at the least. */
const leastGraceMs = 30_000;

/**
 * Ends and removes every container and network of a home; volumes and images stay. No `pre_stop` hook runs. Docker is not asked where no app of
 * the home has ever had a container.
 *
 * @param dockerHost - As the server was started with; null or empty for the engine of this machine.
 */
export async function endContainers(layout: Layout, dockerHost: string | null): Promise<void> {
  if (!(await everHadContainers(layout))) return;
  const docker = dockerAt(dockerHost === '' ? null : dockerHost, await homeIdOf(layout.homeId));
  await docker.require();
  const { containers, networks } = docker.engine;
  const own = { [containerLabel.home]: docker.homeId };
  const isShared = (labels: Record<string, string>) => labels[containerLabel.revision] === 'shared';
  const all = await containers.list(own);
  // What others lean on ends last.
  for (const shared of [false, true]) {
    const chosen = all.filter(({ Labels }) => isShared(Labels) === shared);
    await Promise.all(chosen.map(({ Id }) => end(Id, containers)));
  }
  for (const { Id } of await networks.list(own)) await networks.remove(Id);
}

/** A database may need longer than most: each has the time that its service asks for. */
async function end(id: string, containers: Engine['containers']): Promise<void> {
  const present = await containers.inspect(id);
  const { StopTimeout = 0 } = (present?.Config ?? {}) as { StopTimeout?: number };
  await containers.stop(id, Math.max(leastGraceMs, StopTimeout * 1000));
  await containers.remove(id);
}

async function everHadContainers({ apps }: Layout): Promise<boolean> {
  const names = await readdir(apps).catch(() => []);
  return names.some((name) => existsSync(join(apps, name, 'containers')));
}
