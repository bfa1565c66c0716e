import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { CodedError } from '../diagnostics/index.ts';

/** An image to make from a folder. */
export interface BuildRequest {
  /** Absolute. */
  context: string;
  /** Absolute; null for `inline`. */
  dockerfile: string | null;
  /** The Dockerfile's text, when it is no file. */
  inline: string | null;
  args: Record<string, string>;
  target: string | null;
  labels: Record<string, string>;
  /** Names for the image. */
  tags: string[];
  cacheFrom: string[];
  noCache: boolean;
  pull: boolean;
  network: string | null;
  platform: string | null;
  shmSizeBytes: number | null;
  extraHosts: string[];
  /** Absolute folders or URLs, by name. */
  contexts: Record<string, string>;
  /** For steps that mount them; written to a private file for the time of the build. */
  secrets: { id: string; content: string }[];
  /** Everything that the build prints is appended here. */
  logFile: string;
  timeoutMs: number;
  signal?: AbortSignal;
}

interface Builder {
  /** The docker command. */
  program: string;
  buildkit: boolean;
}

const keptLines = 20;

/**
 * Builds with the docker command, which knows `.dockerignore`, secrets and caches better than any library: with BuildKit
 * where it has it, else with the classic builder. Returns the image's id.
 * Throws `docker/build-failed` with the end of the log, `docker/no-client`, `docker/needs-buildx`.
 */
export async function buildImage(url: string, request: BuildRequest): Promise<string> {
  const builder = await findBuilder(url);
  refuseWhatClassicCannot(builder, request);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-build-'));
  try {
    const idFile = join(folder, 'id');
    const secretFlags: string[] = [];
    for (const [index, { id, content }] of request.secrets.entries()) {
      const file = join(folder, `secret-${index}`);
      await writeFile(file, content, { mode: 0o600 });
      secretFlags.push('--secret', `id=${id},src=${file}`);
    }
    const args = ['build', '--iidfile', idFile, ...flags(request, builder), ...secretFlags, request.context];
    await run({ builder, url, args, request });
    return (await readFile(idFile, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function flags(request: BuildRequest, { buildkit }: Builder): string[] {
  const each = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value]);
  const pairs = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const optional = (flag: string, value: string | number | null) =>
    value === null ? [] : [flag, String(value)];
  return [
    ...optional('--file', request.inline === null ? request.dockerfile : '-'),
    ...each('--build-arg', pairs(request.args)),
    ...optional('--target', request.target),
    ...each('--label', pairs(request.labels)),
    ...each('--tag', request.tags),
    ...each('--cache-from', request.cacheFrom),
    ...(request.noCache ? ['--no-cache'] : []),
    ...(request.pull ? ['--pull'] : []),
    ...optional('--network', request.network),
    ...optional('--platform', request.platform),
    ...optional('--shm-size', request.shmSizeBytes),
    ...each('--add-host', request.extraHosts),
    ...each('--build-context', pairs(request.contexts)),
    ...(buildkit ? ['--progress', 'plain'] : []),
  ];
}

/** Clients from 23 on build with BuildKit only through buildx, a package of its own; those before have it built in. */
async function findBuilder(url: string): Promise<Builder> {
  const program = 'docker';
  const version = await ask(program, ['version', '--format', '{{.Client.Version}}'], url);
  if (version === null)
    throw new CodedError('docker/no-client', 'the docker command is not on this machine', {
      help: 'install it: apt-get install docker.io',
    });
  const builtIn = Number.parseInt(version, 10) < 23;
  return { program, buildkit: builtIn || (await succeeds(program, ['buildx', 'version'], url)) };
}

function refuseWhatClassicCannot({ buildkit }: Builder, request: BuildRequest): void {
  if (buildkit) return;
  const { secrets, contexts, dockerfile } = request;
  // The classic builder would take what the list leaves out, and say nothing.
  const list = dockerfile === null ? '' : `${dockerfile}.dockerignore`;
  const wanted = [
    ...(existsSync(list) ? [`what "${basename(list)}" leaves out`] : []),
    ...secrets.map(({ id }) => `secret "${id}"`),
    ...Object.keys(contexts).map((name) => `additional context "${name}"`),
  ];
  if (wanted.length === 0) return;
  throw new CodedError(
    'docker/needs-buildx',
    `the build asks for ${wanted.join(', ')}, which needs BuildKit`,
    {
      notes: ['the docker command on this machine has no buildx'],
      help: 'install it: apt-get install docker-buildx',
    },
  );
}

interface Run {
  builder: Builder;
  url: string;
  args: string[];
  request: BuildRequest;
}

async function run({ builder, url, args, request }: Run): Promise<void> {
  const log = createWriteStream(request.logFile, { flags: 'a', mode: 0o600 });
  const limit = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal ? AbortSignal.any([limit, request.signal]) : limit;
  const child = spawn(builder.program, args, {
    env: environment(url, builder.buildkit),
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
  });
  child.stdin.on('error', () => {});
  child.stdin.end(request.inline ?? '');
  const tail: string[] = [];
  const hear = (chunk: Buffer) => {
    log.write(chunk);
    tail.push(
      ...chunk
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== ''),
    );
    tail.splice(0, tail.length - keptLines);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? null : `it ended with exit code ${code}`));
  });
  log.end();
  await finished(log);
  if (ended === null) return;
  const why = limit.aborted ? `it took longer than ${request.timeoutMs / 1000} s` : ended;
  throw new CodedError('docker/build-failed', `the image could not be built: ${why}`, {
    notes: tail,
    help: `the whole log is in ${request.logFile}`,
  });
}

/** The client's own settings (logins, proxies) stay those of the user. */
function environment(url: string, buildkit: boolean): Record<string, string | undefined> {
  return {
    ...process.env,
    DOCKER_HOST: url,
    DOCKER_BUILDKIT: buildkit ? '1' : '0',
    DOCKER_CONTEXT: undefined,
  };
}

async function succeeds(program: string, args: string[], url: string): Promise<boolean> {
  return (await ask(program, args, url)) !== null;
}

/** What a short command prints; null when it fails. */
function ask(program: string, args: string[], url: string): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: environment(url, false), stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve(code === 0 ? text.trim() : null));
  });
}
