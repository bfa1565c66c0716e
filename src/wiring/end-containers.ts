import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { containerLabel } from '../targets/index.ts';
import { dockerAt, homeIdOf } from './docker.ts';
import type { Layout } from './layout.ts';

/** From the stop signal to SIGKILL. */
const graceMs = 30_000;

/**
 * Ends and removes every container and network of a home; volumes and images stay. Docker is not asked where no app of
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
    await Promise.all(
      chosen.map(async ({ Id }) => {
        await containers.stop(Id, graceMs);
        await containers.remove(Id);
      }),
    );
  }
  for (const { Id } of await networks.list(own)) await networks.remove(Id);
}

async function everHadContainers({ apps }: Layout): Promise<boolean> {
  const names = await readdir(apps).catch(() => []);
  return names.some((name) => existsSync(join(apps, name, 'containers')));
}
