import { openEngine } from '../../src/docker/index.ts';
import type { Dockerd } from '../../test/docker/index.ts';
import { copies, healthcheck, imageOf } from './app.ts';
import { until } from './commands.ts';

const network = 'bench-start';

/**
 * What the app itself takes: from `docker run` of all copies at once, on a network as Compose gives every app one, until
 * the engine calls all of them healthy.
 */
export async function startOfAppMs({ url, docker }: Dockerd, version: number): Promise<number> {
  const engine = openEngine(url);
  const names = Array.from({ length: copies }, (_, index) => `bench-start-${index}`);
  const made = { name: network, driver: null, driverOptions: {}, internal: false, ipv6: false, subnets: [] };
  await engine.networks.ensure({ ...made, labels: {} });
  const startedMs = performance.now();
  await Promise.all(
    names.map(async (name) => {
      await engine.containers.create(name, {
        Image: imageOf(version),
        HostConfig: { NetworkMode: network },
        Healthcheck: {
          Test: ['CMD-SHELL', healthcheck.command],
          Interval: 1e9,
          Retries: healthcheck.retries,
        },
      });
      await engine.containers.start(name);
    }),
  );
  const isHealthy = async (name: string) =>
    (await engine.containers.inspect(name))?.State.Health?.Status === 'healthy';
  await until('healthy copies', async () => (await Promise.all(names.map(isHealthy))).every(Boolean), 20);
  const tookMs = performance.now() - startedMs;
  docker('rm', '-f', ...names);
  return tookMs;
}
