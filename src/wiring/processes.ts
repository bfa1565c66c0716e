import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Revision, RevisionProcess, Target } from '../delivery/index.ts';
import { CodedError } from '../diagnostics/index.ts';
import { readRelease, releaseDirectory, type Release } from '../release/index.ts';
import { ensureNode } from '../runner/index.ts';
import { resolveEnvironment, type Vault } from '../secrets/index.ts';
import { processEnvironment, type ProcessTarget } from '../targets/index.ts';
import type { Layout } from './layout.ts';

/** From SIGTERM to SIGKILL, for a copy of an app. */
const stopGraceMs = 30_000;
/** The same for a release command: a migration that is under way should end by itself. */
const commandGraceMs = 60_000;

interface Surroundings {
  layout: Layout;
  vault: Vault;
  processes: ProcessTarget;
  machineEnv: Record<string, string>;
}

/** The process target as delivery's engine sees it, for one environment: revisions become processes with files and variables. */
export function targetFor(scope: string, surroundings: Surroundings): Target {
  const { processes } = surroundings;
  return {
    start: async ({ id, revision, process }, fence) => {
      const logFile = await logFileOf(surroundings.layout, scope, id);
      const setting = await settingOf(scope, revision, surroundings);
      const port = needsPort(process);
      await processes.start(
        {
          scope,
          id,
          revision: revision.id,
          command: process.command,
          ...setting,
          needsPort: port,
          stopGraceMs,
          logFile,
        },
        fence,
      );
    },
    stop: (instance, fence) => processes.stop(scope, instance, fence),
    runCommand: async ({ key, revision, command }, fence) => {
      const logFile = await logFileOf(surroundings.layout, scope, key);
      const setting = await settingOf(scope, revision, surroundings);
      await processes.runCommand(
        { scope, key, command, ...setting, stopGraceMs: commandGraceMs, logFile },
        fence,
      );
    },
    // The release's files are here already; nothing else is needed.
    prepare: () => Promise.resolve(),
  };
}

function needsPort({ role }: RevisionProcess): boolean {
  return role === 'web';
}

/** The stored release of a revision. Throws `wiring/release-gone` when its files are not on this machine. */
export async function releaseOf(layout: Layout, app: string, digest: string): Promise<Release> {
  const release = await readRelease(releaseDirectory(layout.app(app).releases, digest));
  if (release) return release;
  throw new CodedError(
    'wiring/release-gone',
    `release ${digest.slice(0, 19)} of ${app} is not on this machine any more`,
    {
      help: 'ship its commit again: slipway ship',
    },
  );
}

async function settingOf(
  scope: string,
  revision: Revision,
  { layout, vault, machineEnv }: Surroundings,
): Promise<{ directory: string; env: Record<string, string> }> {
  const [app = '', environment = ''] = scope.split('/');
  const release = await releaseOf(layout, app, revision.release.digest);
  const data = layout.app(app).data(environment);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const { configuration } = revision;
  const resolved = await resolveEnvironment({
    app,
    definition: {
      name: environment,
      env: configuration.env,
      envFile: configuration.envFile,
      secrets: configuration.secrets.map(({ name }) => name),
    },
    vault,
    pinned: configuration.secrets,
  });
  const missing = resolved.findings.find(({ severity }) => severity === 'error');
  if (missing) throw new CodedError(missing.code, missing.message, { notes: missing.notes });
  const node = release.toolchain.nodeVersion;
  const toolchainBin =
    node === null ? [] : [(await ensureNode(node, { tools: layout.tools, machineEnv })).binDirectory];
  const env = processEnvironment({
    toolchainBin,
    homeDirectory: data,
    env: {
      STATE_DIRECTORY: data,
      NODE_ENV: 'production',
      ...resolved.env,
      SLIPWAY_APP: app,
      SLIPWAY_ENVIRONMENT: environment,
      SLIPWAY_REVISION: revision.id,
      SLIPWAY_COMMIT: revision.release.commit,
      SLIPWAY_RELEASE: revision.release.digest,
    },
  });
  return { directory: release.filesDirectory, env };
}

async function logFileOf(layout: Layout, scope: string, instance: string): Promise<string> {
  const [app = '', environment = ''] = scope.split('/');
  const file = layout.app(app).log(environment, instance);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  return file;
}
