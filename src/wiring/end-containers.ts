import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../docker/index.ts';
import { containerLabel, endContainer, runLastHooks } from '../targets/index.ts';
import { dockerAt, homeIdOf } from './docker.ts';
import type { Layout } from './layout.ts';

/** From the stop signal to SIGKILL, at the least. */
const leastGraceMs = 30_000;
/** Nothing starts containers for long after its server and supervisor have ended. */
const mostRounds = 5;
/** Somebody waits at a terminal: one hook that hangs must not keep everything from ending. */
const hookLimitMs = 300_000;

/**
 * Ends and removes every container and network of a home, after its `pre_stop` hooks; volumes and images stay. Docker is
 * not asked where no app of the home has ever had a container.
 *
 * @param dockerHost - As the server was started with; null or empty for the engine of this machine.
 * @returns What went wrong without keeping anything from ending, as sentences.
 */
export async function endContainers(layout: Layout, dockerHost: string | null): Promise<string[]> {
  if (!(await everHadContainers(layout))) return [];
  const docker = dockerAt(dockerHost === '' ? null : dockerHost, await homeIdOf(layout.homeId));
  await docker.require();
  const { containers, networks } = docker.engine;
  const place = { engine: docker.engine, home: layout.home };
  const own = { [containerLabel.home]: docker.homeId };
  const isShared = (labels: Record<string, string>) => labels[containerLabel.revision] === 'shared';
  const warnings: (string | null)[] = [];
  // What was just being started when everything was to end comes a moment later.
  for (let all = await containers.list(own), round = 0; all.length > 0 && round < mostRounds; round++) {
    // What others lean on ends last, and hooks may need everything that is beside them.
    for (const shared of [false, true]) {
      const chosen = all.filter(({ Labels }) => isShared(Labels) === shared);
      warnings.push(...(await Promise.all(chosen.map((one) => runLastHooks(place, one, hookLimitMs)))));
      await Promise.all(chosen.map(({ Id }) => end(Id, docker.engine)));
    }
    all = await containers.list(own);
  }
  for (const { Id } of await networks.list(own)) await networks.remove(Id);
  return warnings.filter((warning) => warning !== null);
}

/** A database may need longer than most: each has the time that its service asks for. */
async function end(id: string, engine: Engine): Promise<void> {
  const present = await engine.containers.inspect(id);
  if (present) await endContainer(engine, present, leastGraceMs);
}

async function everHadContainers({ apps }: Layout): Promise<boolean> {
  const names = await readdir(apps).catch(() => []);
  return names.some((name) => existsSync(join(apps, name, 'containers')));
}
