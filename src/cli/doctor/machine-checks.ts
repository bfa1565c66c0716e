import { existsSync, statSync } from 'node:fs';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { versions } from 'node:process';
import { namesComposeFiles, usualComposeFiles } from '../../compose/index.ts';
import type { CliContext } from '../context.ts';
import { ok, problem, warning, type Check } from './check.ts';
import { answerOf, findProgram } from './find-program.ts';

/** As in the manifest. */
const oldestNodeMajor = 20;
const gigabyteBytes = 1024 ** 3;
/** Tools, caches and logs of a few runs. */
const littleDiskBytes = 2 * gigabyteBytes;
const noDiskBytes = gigabyteBytes / 4;

/** Node itself. */
export function checkNode(version: string = versions.node): Check {
  if (Number.parseInt(version) >= oldestNodeMajor) return ok('node', version);
  return problem(
    'node',
    `${version} is older than ${oldestNodeMajor}`,
    `install Node ${oldestNodeMajor} or newer`,
  );
}

/** Commits are read with it. */
export async function checkGit({ env }: CliContext): Promise<Check> {
  const answer = await answerOf('git', ['--version'], env);
  if (answer === null) return problem('git', 'not found in the PATH', 'install git');
  return ok('git', answer.replace(/^git version /, ''));
}

/** Runs and ships take commits of a repository. */
export async function checkCommit({ env }: CliContext, root: string): Promise<Check> {
  if (!existsSync(join(root, '.git')))
    return warning('repository', `${root} is in none, and runs and ships need one`, 'git init');
  const head = await answerOf('git', ['-C', root, 'rev-parse', '--verify', '--quiet', 'HEAD'], env);
  if (head !== null || findProgram('git', env) === null) return ok('repository', root);
  const says = `${root} has no commit yet, and runs and ships need one`;
  return warning('repository', says, 'git add . && git commit -m "First commit"');
}

/** Whether a Docker engine answers; a repository with a Compose file needs one, and nothing else does. */
export async function checkDocker({ env }: CliContext, root: string): Promise<Check> {
  const version = await answerOf('docker', ['version', '--format', '{{.Server.Version}}'], env);
  if (version) return ok('docker', `${version} is reachable`);
  const compose = await composeFileOf(root);
  if (compose === undefined || existsSync(join(root, 'Procfile')))
    return ok('docker', 'not reachable; no job that runs here needs it');
  return problem(
    'docker',
    `not reachable, and ${compose} is shipped to it`,
    'install it: apt-get install docker.io; or name another engine: DOCKER_HOST=ssh://user@host slipway up',
  );
}

async function composeFileOf(root: string): Promise<string | undefined> {
  const dotEnv = await readFile(join(root, '.env'), 'utf8').catch(() => '');
  if (namesComposeFiles(dotEnv)) return 'what COMPOSE_FILE in .env names';
  return usualComposeFiles((name) => existsSync(join(root, name)))[0];
}

/** Whether there is room for tools, caches and logs. */
export async function checkDisk(home: string): Promise<Check> {
  const { bavail, bsize } = await statfs(nearest(home));
  const freeBytes = bavail * bsize;
  const says = `${(freeBytes / gigabyteBytes).toFixed(1)} GiB free for ${home}`;
  if (freeBytes < noDiskBytes)
    return problem('disk', says, 'make room, or name another place with SLIPWAY_HOME');
  if (freeBytes < littleDiskBytes) return warning('disk', says, 'make room before long logs and caches come');
  return ok('disk', says);
}

/** The server's home must be its owner's alone to write. */
export async function checkHome(home: string): Promise<Check> {
  const there = existsSync(home);
  const writable = await access(nearest(home), constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable) {
    return problem(
      'home',
      `${home} cannot be written`,
      'name another place with SLIPWAY_HOME, or mend its owner',
    );
  }
  if (!there) return ok('home', `${home} will be made`);
  const { mode } = statSync(home);
  const octal = (mode & 0o777).toString(8);
  if ((mode & 0o022) !== 0) {
    return problem('home', `${home} has mode ${octal}: others may write there`, `chmod go-w ${home}`);
  }
  return ok('home', `${home}, mode ${octal}`);
}

/** Runs need none; ships do. */
export async function checkServer(context: CliContext, home: string): Promise<Check> {
  try {
    const client = await context.connect({ home });
    try {
      const { listen } = await client.health();
      return ok('server', `runs; users are answered at http://${listen}`);
    } finally {
      client.close();
    }
  } catch {
    return warning('server', 'none runs; "slipway run" needs none, "slipway ship" does', 'slipway up');
  }
}

/** The folder, or the nearest above it that is there. */
function nearest(folder: string): string {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
