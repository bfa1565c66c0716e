import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredInstance, Revision, Task } from '../delivery/index.ts';
import { CodedError, type Finding } from '../diagnostics/index.ts';
import { readRelease, releaseDirectory, type Release } from '../release/index.ts';
import { ensureNode } from '../runner/index.ts';
import { resolveEnvironment, type Vault } from '../secrets/index.ts';
import { processEnvironment, type CommandSpec, type InstanceSpec } from '../targets/index.ts';
import type { Layout } from './layout.ts';

/** From SIGTERM to SIGKILL, for a copy of an app. */
const stopGraceMs = 30_000;
/** The same for a release command: a migration that is under way should end by itself. */
const commandGraceMs = 60_000;

/** What processes are started with. */
export interface ProcessParts {
  layout: Layout;
  vault: Vault;
  machineEnv: Record<string, string>;
  /** Where the flags of an environment are answered; empty where it has none. */
  flagVariables: (scope: string) => Promise<Record<string, string>>;
}

/** A copy of a process as the process target takes it: files, variables, a port for the one that gets traffic. */
export async function processSpec(
  scope: string,
  { id, revision, process }: DesiredInstance,
  parts: ProcessParts,
): Promise<InstanceSpec> {
  return {
    scope,
    id,
    revision: revision.id,
    command: process.command,
    ...(await settingOf(scope, revision, parts)),
    needsPort: process.role === 'web',
    stopGraceMs,
    logFile: await logFileOf(parts.layout, scope, id),
  };
}

/** A task as the process target takes it. */
export async function processTask(
  scope: string,
  { key, revision, task }: { key: string; revision: Revision; task: Task },
  parts: ProcessParts,
): Promise<CommandSpec> {
  return {
    scope,
    key,
    command: task.command,
    ...(await settingOf(scope, revision, parts)),
    stopGraceMs: commandGraceMs,
    logFile: await logFileOf(parts.layout, scope, key),
  };
}

/**
 * Variables and secrets that a revision started with, by name, in the versions that it had.
 *
 * @throws CodedError `secrets/missing` when one has no value any more.
 */
export async function valuesOf(
  scope: string,
  revision: Revision,
  vault: Vault,
): Promise<Record<string, string>> {
  const { env, findings } = await knownValues(scope, revision, vault);
  const missing = findings.find(({ severity }) => severity === 'error');
  if (missing) throw new CodedError(missing.code, missing.message, { notes: missing.notes });
  return env;
}

/** The same as far as it is known, with what is missing beside it. */
export async function knownValues(
  scope: string,
  { configuration }: Revision,
  vault: Vault,
): Promise<{ env: Record<string, string>; findings: Finding[] }> {
  const [app = '', environment = ''] = scope.split('/');
  const { env, envFile, envFileVersion, secrets: pinned } = configuration;
  const secrets = pinned.map(({ name }) => name);
  const definition = { name: environment, env, envFile, secrets };
  return resolveEnvironment({ app, definition, vault, pinned, envFileVersion });
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
  { layout, vault, machineEnv, flagVariables }: ProcessParts,
): Promise<{ directory: string; env: Record<string, string> }> {
  const [app = '', environment = ''] = scope.split('/');
  const release = await releaseOf(layout, app, revision.release.digest);
  const data = layout.app(app).data(environment);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const node = release.toolchain.nodeVersion;
  const toolchainBin =
    node === null ? [] : [(await ensureNode(node, { tools: layout.tools, machineEnv })).binDirectory];
  const env = processEnvironment({
    toolchainBin,
    homeDirectory: data,
    env: {
      STATE_DIRECTORY: data,
      NODE_ENV: 'production',
      ...(await flagVariables(scope)),
      ...(await valuesOf(scope, revision, vault)),
      SLIPWAY_APP: app,
      SLIPWAY_ENVIRONMENT: environment,
      SLIPWAY_REVISION: revision.id,
      SLIPWAY_COMMIT: revision.release.commit,
      SLIPWAY_RELEASE: revision.release.digest,
    },
  });
  return { directory: release.filesDirectory, env };
}

/** Where what a copy or command says is kept. */
export async function logFileOf(layout: Layout, scope: string, instance: string): Promise<string> {
  const [app = '', environment = ''] = scope.split('/');
  const file = layout.app(app).log(environment, instance);
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  return file;
}
