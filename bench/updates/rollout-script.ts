import { join, resolve } from 'node:path';
import { writeCompose } from './app.ts';
import { answersAs, freePort, runCommand } from './commands.ts';
import { dockerEnvironment } from './compose.ts';
import type { Contender } from './contender.ts';
import { addressesIn, addressFormat, startEdge, type Edge } from './edge.ts';

const drainSeconds = 1;

/** A script that scales to twice, waits, drains and removes, with nginx told of the copies. */
export async function rolloutScript(folder: string, url: string): Promise<Contender> {
  const app = 'bench-script';
  const port = await freePort();
  const settings = { cwd: folder, env: dockerEnvironment(folder, url) };
  const run = (...words: string[]) => runCommand(words, settings);
  let edge: Edge | null = null;
  return {
    name: 'docker-rollout style script',
    app,
    what: `nginx before the copies, reloaded by the script; ${drainSeconds} s to drain`,
    mark: folder,
    port,
    waitsMs: drainSeconds * 1000,
    startsInTurn: 1,
    begin: async (version) => {
      writeCompose(folder, { name: app, version, ports: null });
      await run('docker', 'compose', 'up', '-d', '--wait');
      const ids = (await run('docker', 'compose', 'ps', '-q', 'web')).trim().split('\n');
      const addresses = addressesIn(await run('docker', 'inspect', '-f', addressFormat, ...ids));
      edge = startEdge(join(folder, 'nginx'), port, addresses);
      await answersAs(port, version);
    },
    update: async (version) => {
      writeCompose(folder, { name: app, version, ports: null });
      const script = resolve(import.meta.dirname, 'rollout.sh');
      if (!edge) throw new Error('nothing serves yet');
      await run('sh', script, 'web', edge.upstreams, String(drainSeconds), ...edge.reload);
      return null;
    },
    end: async () => {
      await run('docker', 'compose', 'down', '--timeout', '1');
      await edge?.end();
    },
  };
}
