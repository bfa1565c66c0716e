import { join } from 'node:path';
import { coerceToString, fromJson } from '../expressions/index.ts';
import type { Json } from '../workflow/index.ts';
import type { JobSpec } from './spec.ts';

const plainPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Names of the `github` context that become GITHUB_* variables. */
const exported = [
  'action',
  'action_path',
  'action_ref',
  'action_repository',
  'actor',
  'actor_id',
  'api_url',
  'base_ref',
  'event_name',
  'event_path',
  'graphql_url',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'retention_days',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'triggering_actor',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'workspace',
] as const;

/** Where the event's payload lies as a file. */
export function eventFile(spec: JobSpec): string {
  return join(spec.directories.temp, '_github_workflow', 'event.json');
}

/** The `github` context but for what steps add to it. */
export function githubOfJob(spec: JobSpec): Record<string, Json> {
  return {
    ...spec.contexts.github,
    job: spec.job.id,
    workspace: spec.directories.workspace,
    event_path: eventFile(spec),
    action: '',
  };
}

/**
 * The `job` context. There are no containers here, and so no services; nor check runs. The workflow is the file that the
 * job stands in, be it a called one.
 */
export function jobContext(spec: JobSpec, status: string): Record<string, Json> {
  const { file } = spec.workflow;
  const [repository, ref, sha] = ['repository', 'ref', 'sha'].map((name) =>
    coerceToString(fromJson(spec.contexts.github[name])),
  );
  return {
    status,
    container: {},
    services: {},
    workflow_ref: `${repository}/${file}@${ref}`,
    workflow_sha: sha ?? '',
    workflow_repository: repository ?? '',
    workflow_file_path: file,
  };
}

/** Whether the run was asked to tell more: the secret or variable ACTIONS_STEP_DEBUG is `true`. */
export function isDebugged(spec: JobSpec): boolean {
  const { secrets, vars } = spec.contexts;
  return [secrets['ACTIONS_STEP_DEBUG'], vars['ACTIONS_STEP_DEBUG']].some(
    (value) => String(value).toLowerCase() === 'true',
  );
}

/** The `runner` context. */
export function runnerContext(spec: JobSpec): Record<string, string> {
  const { temp, tools, workspace } = spec.directories;
  return {
    name: 'slipway',
    os: process.platform === 'darwin' ? 'macOS' : 'Linux',
    arch: process.arch === 'arm64' ? 'ARM64' : 'X64',
    environment: 'self-hosted',
    temp,
    tool_cache: tools,
    workspace: join(workspace, '..'),
    debug: isDebugged(spec) ? '1' : '',
  };
}

/** What every process of a job starts from, before the workflow's own variables. */
export function baseEnvironment(spec: JobSpec): Record<string, string> {
  return { LANG: 'C.UTF-8', PATH: plainPath, ...spec.machineEnv, HOME: spec.directories.home, CI: 'true' };
}

/** Every GITHUB_* variable stands in the environment, if only empty. */
export const noGithub: Record<string, Json> = Object.fromEntries(exported.map((name) => [name, null]));

/** The GITHUB_* variables that say what these entries of the `github` context say. */
export function githubVariables(github: Record<string, Json>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of exported) {
    const value = github[name];
    if (value !== undefined) variables[`GITHUB_${name.toUpperCase()}`] = coerceToString(fromJson(value));
  }
  return variables;
}

/** RUNNER_* and what goes with it. */
export function runnerVariables(spec: JobSpec, trackingId: string): Record<string, string> {
  const variables: Record<string, string> = { GITHUB_ACTIONS: 'true', RUNNER_TRACKING_ID: trackingId };
  for (const [name, value] of Object.entries(runnerContext(spec))) {
    if (value !== '') variables[`RUNNER_${name.toUpperCase()}`] = value;
  }
  variables['AGENT_TOOLSDIRECTORY'] = spec.directories.tools;
  return variables;
}

/** Puts directories in front of PATH, each once. */
export function prependPath(paths: readonly string[], path: string | undefined): string {
  return [...new Set([...paths, ...(path ?? '').split(':')])].filter((entry) => entry !== '').join(':');
}

/** What was put in front of a list of directories, the first first. */
export function addedPaths(before: readonly string[], after: readonly string[]): string[] {
  let kept = 0;
  while (kept < after.length && after.at(-1 - kept) === before.at(-1 - kept)) kept++;
  return after.slice(0, after.length - kept);
}
