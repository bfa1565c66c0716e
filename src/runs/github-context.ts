import type { Json } from '../workflow/index.ts';
import type { RunState } from './model.ts';

/**
 * The `github` context as far as the run decides it; the worker adds paths and step names. In a called workflow it is the
 * caller's.
 *
 * @param parent - The call that the job belongs to, if any.
 * @see https://docs.github.com/actions/reference/contexts-reference#github-context
 */
export function githubContext(state: RunState, parent: string | null): Record<string, Json> {
  const { event } = state;
  const repository = text(field(event.payload, 'repository', 'full_name')) || `local/${state.app}`;
  const branch = /^refs\/heads\/(.+)$/.exec(event.ref)?.[1];
  const tag = /^refs\/tags\/(.+)$/.exec(event.ref)?.[1];
  const pull = /^refs\/pull\/(.+)$/.exec(event.ref)?.[1];
  const path = `${repository}/${state.workflow.file}`;
  return {
    event_name: event.name,
    event: event.payload,
    ref: event.ref,
    ref_name: branch ?? tag ?? pull ?? event.ref,
    ref_type: tag === undefined ? 'branch' : 'tag',
    ref_protected: false,
    sha: event.commit,
    head_ref: text(field(event.payload, 'pull_request', 'head', 'ref')),
    base_ref: text(field(event.payload, 'pull_request', 'base', 'ref')),
    actor: event.actor,
    actor_id: text(field(event.payload, 'sender', 'id')),
    triggering_actor: event.actor,
    repository,
    repository_id: text(field(event.payload, 'repository', 'id')),
    repository_owner: repository.split('/')[0] ?? 'local',
    repository_owner_id: text(field(event.payload, 'repository', 'owner', 'id')),
    repositoryUrl: `git://github.com/${repository}.git`,
    run_id: state.id,
    run_number: String(state.number),
    run_attempt: String(state.attempt),
    retention_days: '90',
    secret_source: 'Actions',
    workflow: state.workflow.name,
    workflow_ref: `${path}@${event.ref}`,
    workflow_sha: event.commit,
    // A called workflow always comes from the run's own commit.
    ...(parent === null ? {} : { job_workflow_sha: event.commit }),
    server_url: 'https://github.com',
    api_url: 'https://api.github.com',
    graphql_url: 'https://api.github.com/graphql',
    token: '',
  };
}

function field(value: Json, ...path: string[]): Json {
  let current: Json = value;
  for (const name of path) {
    if (current === null || typeof current !== 'object' || Array.isArray(current)) return null;
    current = current[name] ?? null;
  }
  return current;
}

function text(value: Json): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
