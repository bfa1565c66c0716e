import { join } from 'node:path';
import { functionNames } from '../../../src/expressions/index.ts';
import { schemaKeys } from './schema-keys.ts';

/** A part of the language with its members, each under the id by which cases name it. */
export interface Section {
  title: string;
  members: string[];
}

const schemas = join(import.meta.dirname, '../../../node_modules/@actions/workflow-parser/dist');

const contexts = {
  github: [
    'action',
    'action_path',
    'action_ref',
    'action_repository',
    'action_status',
    'actor',
    'actor_id',
    'api_url',
    'base_ref',
    'event',
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
    'repositoryUrl',
    'retention_days',
    'run_attempt',
    'run_id',
    'run_number',
    'secret_source',
    'server_url',
    'sha',
    'token',
    'triggering_actor',
    'workflow',
    'workflow_ref',
    'workflow_sha',
    'workspace',
  ],
  env: ['<name>'],
  vars: ['<name>'],
  job: ['status', 'container', 'services'],
  jobs: ['<id>.result', '<id>.outputs'],
  steps: ['<id>.outputs', '<id>.outcome', '<id>.conclusion'],
  runner: ['arch', 'debug', 'environment', 'name', 'os', 'temp', 'tool_cache', 'workspace'],
  secrets: ['<name>', 'GITHUB_TOKEN'],
  strategy: ['fail-fast', 'job-index', 'job-total', 'max-parallel'],
  matrix: ['<name>'],
  needs: ['<id>.outputs', '<id>.result'],
  inputs: ['<name>'],
};

const variables = [
  'CI',
  'GITHUB_ACTION',
  'GITHUB_ACTION_PATH',
  'GITHUB_ACTION_REPOSITORY',
  'GITHUB_ACTIONS',
  'GITHUB_ACTOR',
  'GITHUB_ACTOR_ID',
  'GITHUB_API_URL',
  'GITHUB_BASE_REF',
  'GITHUB_ENV',
  'GITHUB_EVENT_NAME',
  'GITHUB_EVENT_PATH',
  'GITHUB_GRAPHQL_URL',
  'GITHUB_HEAD_REF',
  'GITHUB_JOB',
  'GITHUB_OUTPUT',
  'GITHUB_PATH',
  'GITHUB_REF',
  'GITHUB_REF_NAME',
  'GITHUB_REF_PROTECTED',
  'GITHUB_REF_TYPE',
  'GITHUB_REPOSITORY',
  'GITHUB_REPOSITORY_ID',
  'GITHUB_REPOSITORY_OWNER',
  'GITHUB_REPOSITORY_OWNER_ID',
  'GITHUB_RETENTION_DAYS',
  'GITHUB_RUN_ATTEMPT',
  'GITHUB_RUN_ID',
  'GITHUB_RUN_NUMBER',
  'GITHUB_SERVER_URL',
  'GITHUB_SHA',
  'GITHUB_STATE',
  'GITHUB_STEP_SUMMARY',
  'GITHUB_TRIGGERING_ACTOR',
  'GITHUB_WORKFLOW',
  'GITHUB_WORKFLOW_REF',
  'GITHUB_WORKFLOW_SHA',
  'GITHUB_WORKSPACE',
  'RUNNER_ARCH',
  'RUNNER_DEBUG',
  'RUNNER_ENVIRONMENT',
  'RUNNER_NAME',
  'RUNNER_OS',
  'RUNNER_TEMP',
  'RUNNER_TOOL_CACHE',
];

const commands = [
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
];

const operators = ['( )', '[ ]', '.', '!', '<', '<=', '>', '>=', '==', '!=', '&&', '||', '.*'];
const literals = ['null', 'boolean', 'number', 'string'];
const shells = ['(unset)', 'bash', 'sh', 'python', 'pwsh', 'cmd', 'powershell', 'custom {0}'];
const uses = [
  './path (composite)',
  './path (JavaScript)',
  './path (Docker)',
  'owner/repository@ref',
  'docker://image',
  './.github/workflows/x.yml',
  'owner/repository/.github/workflows/x.yml@ref',
  'actions/cache',
  'actions/checkout',
  'actions/download-artifact',
  'actions/setup-node',
  'actions/upload-artifact',
];
const services = ['artifacts (v4)', 'cache (v2)', 'OIDC'];

/**
 * Everything that GitHub's language has: keys from GitHub's own schema, the rest as its documentation lists it.
 *
 * @see https://docs.github.com/actions/reference/workflows-and-actions/contexts
 * @see https://docs.github.com/actions/reference/workflows-and-actions/variables
 */
export function inventory(): Section[] {
  const keys = schemaKeys(join(schemas, 'workflow-v1.0.min.json'), 'workflow-root-strict');
  const isEvent = (key: string) => key.startsWith('on.');
  // Permissions of a job are those of the workflow once more.
  const isOwn = (key: string) => !key.startsWith('jobs.<>.permissions.');
  return [
    { title: 'Keys of a workflow', members: keys.filter((key) => !isEvent(key) && isOwn(key)) },
    { title: 'Events and their filters', members: keys.filter(isEvent) },
    { title: 'Keys of an action', members: actionKeys() },
    {
      title: 'Contexts',
      members: Object.entries(contexts).flatMap(([name, members]) =>
        members.map((member) => `${name}.${member}`),
      ),
    },
    { title: 'Functions', members: functionNames.map((name) => `${name}()`) },
    { title: 'Operators', members: operators.map((sign) => `operator ${sign}`) },
    { title: 'Literals', members: literals.map((kind) => `literal ${kind}`) },
    { title: 'Workflow commands', members: commands.map((name) => `::${name}::`) },
    { title: 'Variables', members: variables.map((name) => `$${name}`) },
    { title: 'Shells', members: shells.map((name) => `shell ${name}`) },
    { title: 'What `uses` may name', members: uses.map((name) => `uses ${name}`) },
    { title: 'Services for actions', members: services.map((name) => `service ${name}`) },
  ];
}

function actionKeys(): string[] {
  return schemaKeys(join(schemas, 'action-v1.0.min.json'), 'action-root-strict').map(
    (key) => `action ${key}`,
  );
}
