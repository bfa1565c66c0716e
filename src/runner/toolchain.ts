import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import {
  chmod,
  copyFile,
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../diagnostics/index.ts';
import { removeAbandoned, stagingPrefix } from './abandoned.ts';
import { ltsMajors, parseNodeRequest, type NodeRequest } from './node-version.ts';
import { findOnPath, programRealPath } from './shell.ts';

const execute = promisify(execFile);

/** Where tools are kept, and what reaching the registry takes. */
export interface ToolchainOptions {
  /** Shared by all on this machine; several processes may install into it at once. */
  tools: string;
  /** PATH with an `npm`, proxies, certificates. */
  machineEnv: Record<string, string>;
  /** Ends what is being asked or fetched. */
  signal?: AbortSignal;
}

/** A Node that can be put on PATH: `node`, `npm` and `npx` of one version. */
export interface NodeToolchain {
  version: string;
  binDirectory: string;
}

/**
 * Finds the exact version that a request means: an installed one that fits, this process's own, or else the newest of
 * the registry that fits; with `checkLatest`, always the latter.
 *
 * @throws CodedError `runner/node-version`, `runner/no-npm`, `runner/npm-failed`
 */
export async function resolveNode(
  wanted: string,
  options: ToolchainOptions & { checkLatest?: boolean },
): Promise<string> {
  const request = parseNodeRequest(wanted);
  const own = process.version.slice(1);
  const atHand = [...new Set([...(await installedVersions(options.tools)), own])];
  // Latest and long-term lines are about what exists, not about what happens to be here.
  const mayBeOld = request.kind === 'range' && !options.checkLatest;
  const here = mayBeOld ? await newestFitting(request, atHand) : null;
  if (here !== null) return here;
  const found = await newestFitting(request, await publishedVersions(options));
  if (found !== null) return found;
  throw new CodedError('runner/node-version', `no version of Node.js fits "${wanted}"`, {
    notes: [`here: ${atHand.join(', ')}`],
    help: 'write a major such as `24`, an exact version such as `24.9.0`, or `lts/*`',
  });
}

async function newestFitting(request: NodeRequest, versions: string[]): Promise<string | null> {
  const semver = await import('semver');
  const valid = versions.filter((version) => semver.valid(version) && !semver.prerelease(version));
  if (request.kind === 'latest') return semver.maxSatisfying(valid, '*');
  if (request.kind === 'range') {
    if (!semver.validRange(request.range)) {
      throw new CodedError('runner/node-version', `"${request.range}" is not a version of Node.js`, {
        help: 'write a major such as `24`, an exact version such as `24.9.0`, or `lts/*`',
      });
    }
    return semver.maxSatisfying(valid, request.range);
  }
  const major = ltsMajors(
    valid.map((version) => semver.major(version)),
    new Date(),
  )[request.offset];
  return major === undefined ? null : semver.maxSatisfying(valid, `${major}.x`);
}

/**
 * Makes exactly this version available, installing it when it is not here. Never another in its place. Safe for several
 * processes at once: an installation appears as a whole, and who comes second uses the first's.
 *
 * @param version - Exact, without `v`.
 * @throws CodedError `runner/node-unavailable`, `runner/no-npm`, `runner/npm-failed`
 */
export async function ensureNode(version: string, options: ToolchainOptions): Promise<NodeToolchain> {
  const home = join(options.tools, 'node', `${version}-${process.platform}-${process.arch}`);
  const toolchain = { version, binDirectory: join(home, 'bin') };
  if (existsSync(join(home, 'bin', 'npm'))) return toolchain;
  const parent = dirname(home);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const staging = await mkdtemp(join(parent, stagingPrefix));
  try {
    await mkdir(join(staging, 'bin'));
    await placeNode(version, staging, options);
    await placeNpm(version, staging, options);
    await chmod(staging, 0o755);
    await publish(staging, home);
    return toolchain;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function publish(staging: string, home: string): Promise<void> {
  try {
    await rename(staging, home);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

async function placeNode(version: string, staging: string, options: ToolchainOptions): Promise<void> {
  const target = join(staging, 'bin', 'node');
  if (process.version === `v${version}`) {
    const own = realpathSync(process.execPath);
    await link(own, target).catch(() => copyFile(own, target));
  } else {
    const unpacked = await downloadPackage(
      `node-${process.platform}-${process.arch}@${version}`,
      staging,
      options,
    );
    await rename(join(unpacked, 'bin', 'node'), target);
    await rm(unpacked, { recursive: true, force: true });
  }
  await chmod(target, 0o755).catch(() => {});
  const { stdout } = await execute(target, ['--version'], { env: options.machineEnv }).catch(
    (cause: unknown) => {
      throw unavailable(version, 'the binary does not run on this machine', cause);
    },
  );
  if (stdout.trim() !== `v${version}`) throw unavailable(version, `the binary says it is ${stdout.trim()}`);
}

function unavailable(version: string, reason: string, cause?: unknown): CodedError {
  return new CodedError('runner/node-unavailable', `Node.js ${version} cannot be used: ${reason}`, { cause });
}

/** The npm that Node's own distribution of that line has. */
export function npmMajorFor(nodeVersion: string): number {
  const major = Number(nodeVersion.split('.')[0]);
  if (major >= 24) return 11;
  return major >= 18 ? 10 : major >= 16 ? 8 : 6;
}

async function placeNpm(version: string, staging: string, options: ToolchainOptions): Promise<void> {
  const major = npmMajorFor(version);
  const target = join(staging, 'lib', 'node_modules', 'npm');
  await mkdir(dirname(target), { recursive: true });
  const host = await hostNpm(major, options);
  if (host === null) {
    const unpacked = await downloadPackage(`npm@${major}`, staging, options);
    await rename(unpacked, target);
  } else await cp(host, target, { recursive: true, verbatimSymlinks: true });
  for (const name of ['npm', 'npx']) {
    const script = `../lib/node_modules/npm/bin/${name}-cli.js`;
    await chmod(join(staging, 'bin', script), 0o755);
    await symlink(script, join(staging, 'bin', name));
  }
}

/** A complete npm of that major on this machine, or null. Distributions that spread its packages elsewhere do not count. */
async function hostNpm(major: number, options: ToolchainOptions): Promise<string | null> {
  const onPath = programRealPath('npm', options.machineEnv['PATH']);
  const candidates = [
    ...(onPath === null ? [] : [dirname(dirname(onPath))]),
    join(dirname(dirname(realpathSync(process.execPath))), 'lib', 'node_modules', 'npm'),
  ];
  for (const directory of candidates) if (await isCompleteNpm(directory, major)) return directory;
  return null;
}

async function isCompleteNpm(directory: string, major: number): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      bundleDependencies?: string[];
    };
    if (manifest.name !== 'npm' || Number(manifest.version.split('.')[0]) !== major) return false;
    const bundled = manifest.bundleDependencies ?? [];
    return bundled.length > 0 && bundled.every((name) => existsSync(join(directory, 'node_modules', name)));
  } catch {
    return false;
  }
}

/** Fetches a package with npm and unpacks it; nothing of it is run. */
async function downloadPackage(spec: string, staging: string, options: ToolchainOptions): Promise<string> {
  const into = await mkdtemp(join(staging, 'package-'));
  await npm(['pack', spec, '--pack-destination', into, '--silent'], options);
  const [tarball] = await readdir(into);
  if (tarball === undefined) throw new CodedError('runner/npm-failed', `npm gave no package for ${spec}`);
  const unpacked = join(into, 'package');
  await mkdir(unpacked);
  await execute('tar', ['-xzf', join(into, tarball), '-C', unpacked, '--strip-components=1'], {
    env: options.machineEnv,
  });
  return unpacked;
}

async function publishedVersions(options: ToolchainOptions): Promise<string[]> {
  const text = await npm(['view', 'node', 'versions', '--json'], options);
  return JSON.parse(text) as string[];
}

/** Slipway's own use of npm: with the user's configuration of the registry, apart from any job. */
async function npm(args: string[], options: ToolchainOptions): Promise<string> {
  const path = options.machineEnv['PATH'];
  const program = findOnPath('npm', path);
  if (program === null) {
    throw new CodedError(
      'runner/no-npm',
      'another Node.js version has to be installed, and there is no npm to do it',
      {
        notes: [`PATH: ${path ?? '(empty)'}`, `Node.js ${process.version.slice(1)} needs no download`],
        help: 'install npm, or put it on the PATH of the server',
      },
    );
  }
  const env = { HOME: homedir(), npm_config_update_notifier: 'false', ...options.machineEnv };
  await mkdir(options.tools, { recursive: true });
  try {
    const { stdout } = await execute(program, args, {
      env,
      cwd: options.tools,
      maxBuffer: 64 * 1024 * 1024,
      ...(options.signal && { signal: options.signal }),
    });
    return stdout;
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const said = (stderr ?? '').trim() || message;
    throw new CodedError('runner/npm-failed', `npm ${args.slice(0, 2).join(' ')} failed`, {
      notes: said.split('\n').slice(0, 8),
      help: 'check the network, the proxy and the registry of the machine that runs the job',
      cause,
    });
  }
}

async function installedVersions(tools: string): Promise<string[]> {
  const suffix = `-${process.platform}-${process.arch}`;
  const names = await readdir(join(tools, 'node')).catch(() => []);
  return names.flatMap((name) =>
    !name.startsWith('.') && name.endsWith(suffix) ? [name.slice(0, -suffix.length)] : [],
  );
}
