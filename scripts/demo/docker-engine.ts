import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const run = promisify(execFile);
const shortMs = 20_000;
const fetchMs = 600_000;
const install = 'apt-get install docker.io';

/** The user's Docker Engine, by Docker's own command, as far as the demo asks it itself. */
export interface DockerEngine {
  /** `unix:///var/run/docker.sock` */
  url: string;
  docker: (args: readonly string[], limits?: { signal?: AbortSignal; timeoutMs?: number }) => Promise<string>;
}

/** Why the demo cannot use an engine, and the command that changes it. */
export interface Lack {
  because: string;
  todo: string;
}

export type Found = { engine: DockerEngine } | { engine: null; lack: Lack };

/** Looks where Slipway itself does: DOCKER_HOST, or the socket where Docker puts it. */
export async function findEngine(): Promise<Found> {
  const url = process.env['DOCKER_HOST'] || 'unix:///var/run/docker.sock';
  const not = (because: string, todo: string): Found => ({ engine: null, lack: { because, todo } });
  const usual = 'export DOCKER_HOST=unix:///var/run/docker.sock';
  if (!url.startsWith('unix://'))
    return not(`DOCKER_HOST is ${url}, and it needs an engine on this machine`, usual);
  if (!existsSync(url.slice('unix://'.length))) return not(`there is no Docker Engine at ${url}`, install);
  const engine = engineAt(url);
  try {
    const options = await engine.docker(['info', '--format', '{{json .SecurityOptions}}']);
    // Such an engine's containers have addresses that nothing outside of it can reach.
    return options.includes('name=rootless')
      ? not(`the engine at ${url} is a rootless one`, usual)
      : { engine };
  } catch (error) {
    if (isMissing(error)) return not('the docker command is not installed', install);
    return not(`the Docker Engine at ${url} cannot be used: ${lastLineOf(error)}`, 'docker info');
  }
}

function engineAt(url: string): DockerEngine {
  return {
    url,
    docker: async (args, { signal, timeoutMs = shortMs } = {}) => {
      const { stdout } = await run('docker', [...args], {
        env: environmentOf(url),
        signal,
        timeout: timeoutMs,
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout.trim();
    },
  };
}

function environmentOf(url: string): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_HOST: url, DOCKER_CONTEXT: undefined };
}

/** Images that an app takes from elsewhere, as its Compose file and its Dockerfile name them. */
export function baseImagesOf(folder: string): string[] {
  const { services } = parse(readFileSync(join(folder, 'compose.yml'), 'utf8')) as {
    services: Record<string, { image?: string }>;
  };
  const images = Object.values(services).flatMap(({ image }) => image ?? []);
  const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  return [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, name = '']) => name).concat(images);
}

interface Fetching {
  signal: AbortSignal;
  /** Is told before the first one is fetched. */
  onMissing: (missing: readonly string[]) => void;
}

/**
 * Sees to it that the engine has these images.
 *
 * @returns null, or what is lacking.
 */
export async function fetchImages(
  { docker }: DockerEngine,
  names: readonly string[],
  { signal, onMissing }: Fetching,
): Promise<Lack | null> {
  const missing: string[] = [];
  for (const name of names)
    await docker(['image', 'inspect', name], { signal }).catch(() => missing.push(name));
  signal.throwIfAborted();
  if (missing.length > 0) onMissing(missing);
  for (const name of missing) {
    try {
      await docker(['pull', '--quiet', name], { signal, timeoutMs: fetchMs });
    } catch (error) {
      signal.throwIfAborted();
      const because = `the engine does not have ${name} and cannot fetch it: ${lastLineOf(error)}`;
      return { because, todo: `docker pull ${name}` };
    }
  }
  return null;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function lastLineOf(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}

/** What the demo's app has on the engine, by the labels and names that are its alone. */
export interface Belongings {
  engine: DockerEngine;
  /** Its name is in no other run of the demo. */
  app: string;
}

/** Each of them as `docker` lists it; empty when nothing is left. */
export async function leftoversOf({ engine, app }: Belongings): Promise<string[]> {
  const own = ['--filter', `label=slipway.scope=${app}/production`];
  const lists = [
    ['ps', '-a', ...own, '--format', 'container {{.Names}}'],
    ['network', 'ls', ...own, '--format', 'network {{.Name}}'],
    ['volume', 'ls', ...own, '--format', 'volume {{.Name}}'],
    ['image', 'ls', `slipway/${app}`, '--format', 'image {{.Repository}}:{{.Tag}}'],
  ];
  const texts = await Promise.all(lists.map((list) => engine.docker(list)));
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** Removes all of it, and waits until that is done; for exits that cannot wait in any other way, too. */
export function sweepEngine({ engine, app }: Belongings): void {
  spawnSync('sh', ['-c', sweepCommands(app)], {
    env: environmentOf(engine.url),
    stdio: 'ignore',
    timeout: 120_000,
  });
}

/** The lines of shell that remove what an app has on the engine. */
function sweepCommands(app: string): string {
  const own = `--filter label=slipway.scope=${app}/production`;
  return [
    `docker ps -aq ${own} | xargs -r docker rm -f -v`,
    `docker network ls -q ${own} | xargs -r docker network rm`,
    `docker volume ls -q ${own} | xargs -r docker volume rm -f`,
    `docker image ls --format '{{.Repository}}:{{.Tag}}' slipway/${app} | xargs -r docker image rm`,
  ].join('\n');
}
