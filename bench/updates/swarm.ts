import { execFile } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { copies, copyMark, healthcheck, imageOf } from './app.ts';
import { answersAs, freePort, runCommand, until } from './commands.ts';
import { dockerEnvironment } from './compose.ts';
import type { Contender } from './contender.ts';
import { addressesIn, addressFormat, startEdge, upstreamLines, type Edge } from './edge.ts';

/** How often the list of tasks is read for nginx, as service discovery does. */
const discoverEveryMs = 250;
const run = promisify(execFile);

/**
 * Swarm's own rolling update, `start-first`, one task after the other. Its routing mesh needs a kernel with IPVS, so
 * nginx stands before the tasks, told of healthy ones by looking, as with Traefik's Swarm provider.
 */
export async function swarmUpdate(folder: string, url: string): Promise<Contender> {
  const app = 'bench-swarm';
  const port = await freePort();
  const settings = { cwd: folder, env: dockerEnvironment(folder, url) };
  const docker = (...words: string[]) => runCommand(['docker', ...words], settings);
  let edge: Edge | null = null;
  const discovery = new AbortController();
  const healthy = async () => {
    const filters = ['--filter', `label=com.docker.swarm.service.name=${app}`, '--filter', 'health=healthy'];
    const ids = (await docker('ps', '-q', ...filters)).trim().split('\n').filter(Boolean);
    const printed = ids.length === 0 ? '' : await docker('inspect', '-f', addressFormat, ...ids);
    return addressesIn(printed).toSorted((a, b) => a.localeCompare(b));
  };
  const discover = async ({ upstreams, reload: [program = '', ...words] }: Edge) => {
    for (let told = ''; !discovery.signal.aborted; await sleep(discoverEveryMs)) {
      const lines = upstreamLines(await healthy().catch(() => []));
      if (lines === '' || lines === told) continue;
      told = lines;
      writeFileSync(`${upstreams}.new`, lines);
      renameSync(`${upstreams}.new`, upstreams);
      await run(program, words);
    }
  };
  const status = async () => {
    const text = await docker('service', 'inspect', '-f', '{{json .UpdateStatus}}', app);
    return JSON.parse(text) as { State: string; StartedAt: string } | null;
  };
  let discovering: Promise<void> | null = null;
  return {
    name: 'docker service update',
    app,
    what: 'start-first, one task after the other; nginx before healthy tasks, told every 0.25 s',
    mark: folder,
    port,
    waitsMs: 0,
    startsInTurn: copies,
    begin: async (version) => {
      await docker('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:0');
      await docker('network', 'create', '--scope', 'swarm', '--driver', 'bridge', 'bench-swarm');
      const update = [
        '--update-order',
        'start-first',
        '--update-parallelism',
        '1',
        '--update-monitor',
        '1ms',
      ];
      const health = ['--health-cmd', healthcheck.command, '--health-interval', healthcheck.interval];
      const patience = ['--health-retries', String(healthcheck.retries)];
      const place = ['--network', 'bench-swarm', '--endpoint-mode', 'dnsrr', '--replicas', String(copies)];
      const own = ['--name', app, '--env', `${copyMark}=${app}`, '--stop-grace-period', '10s'];
      const quiet = ['--detach', '--no-resolve-image'];
      await docker(
        'service',
        'create',
        ...quiet,
        ...own,
        ...place,
        ...health,
        ...patience,
        ...update,
        imageOf(version),
      );
      await until('healthy tasks', async () => (await healthy()).length === copies);
      edge = startEdge(join(folder, 'nginx'), port, await healthy());
      discovering = discover(edge);
      await answersAs(port, version);
    },
    update: async (version) => {
      const before = await status();
      // Without --detach it would watch five seconds more.
      await docker('service', 'update', '--detach', '--no-resolve-image', '--image', imageOf(version), app);
      await until('the end of the update', async () => {
        const now = await status();
        if (now === null || now.StartedAt === before?.StartedAt) return false;
        if (now.State === 'paused' || now.State.startsWith('rollback'))
          throw new Error(`the update is ${now.State}`);
        return now.State === 'completed';
      });
      return null;
    },
    end: async () => {
      discovery.abort();
      await discovering;
      await docker('swarm', 'leave', '--force');
      await edge?.end();
    },
  };
}
