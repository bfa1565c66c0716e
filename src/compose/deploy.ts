import type { Findings } from './findings.ts';
import type { ComposeService, Deploy, HostConfigExtras, UpdateRules } from './model.ts';
import {
  anyText,
  bytes,
  durationMs,
  fields,
  keyed,
  listOf,
  number,
  oneOf,
  text,
  whole,
  wrongType,
} from './shapes.ts';
import type { Shape } from './shapes.ts';
import { valueAt } from './tree.ts';
import type { Tree } from './tree.ts';

const updateForm = fields(
  {
    parallelism: whole(0),
    delay: durationMs,
    order: oneOf(['stop-first', 'start-first']),
    failure_action: oneOf(['pause', 'continue', 'rollback']),
    monitor: durationMs,
    max_failure_ratio: number(0),
  },
  { of: 'an update' },
);

const updateRules: Shape<UpdateRules> = (tree, path, findings) => {
  const read = updateForm(tree, path, findings);
  if (read === undefined) return undefined;
  return {
    written: Object.keys(read),
    parallelism: read.parallelism ?? 1,
    delayMs: read.delay ?? 0,
    order: read.order ?? 'stop-first',
    failureAction: read.failure_action ?? 'pause',
    monitorMs: read.monitor ?? 5_000,
    maxFailureRatio: read.max_failure_ratio ?? 0,
  };
};

type DeviceRequest = NonNullable<HostConfigExtras['DeviceRequests']>[number];

const deviceForm = fields(
  { driver: text, count: anyText, device_ids: listOf(anyText), capabilities: listOf(text), options: keyed() },
  { of: 'a device' },
);

/** A GPU or another device that a driver of the engine hands out. */
const deviceRequest: Shape<DeviceRequest> = (tree, path, findings) => {
  const read = deviceForm(tree, path, findings);
  if (read === undefined) return undefined;
  const ids = read.device_ids ?? [];
  const count =
    read.count === undefined ? (ids.length > 0 ? 0 : -1) : read.count === 'all' ? -1 : Number(read.count);
  if (!Number.isInteger(count))
    return wrongType(tree, `${path}.count`, findings, 'a whole number or all', 'count: all');
  return {
    Driver: read.driver ?? '',
    Count: count,
    DeviceIDs: ids,
    Capabilities: read.capabilities ? [read.capabilities] : [],
    Options: Object.fromEntries([...(read.options ?? [])].map(([key, { value }]) => [key, value ?? ''])),
  };
};

/** `gpus`: `all`, or a list of devices. */
export const gpus: Shape<DeviceRequest[]> = (tree, path, findings) => {
  const withGpu = (request: DeviceRequest) => ({
    ...request,
    Capabilities: [[...new Set(['gpu', ...request.Capabilities.flat()])]],
  });
  if (tree.kind === 'scalar') {
    if (tree.value !== 'all') return wrongType(tree, path, findings, '"all" or a list', 'gpus: all');
    return [withGpu({ Driver: '', Count: -1, DeviceIDs: [], Capabilities: [], Options: {} })];
  }
  return listOf(deviceRequest)(tree, path, findings)?.map(withGpu);
};

const conditions = ['none', 'on-failure', 'any', 'no', 'always', 'unless-stopped'] as const;
/** Docker Compose takes the words of `restart` here, too. */
type Condition = (typeof conditions)[number];

const swarmOnly = 'it belongs to Swarm, and the app runs on one engine';

const form = fields(
  {
    replicas: whole(0),
    mode: oneOf(['replicated', 'global', 'replicated-job', 'global-job']),
    update_config: updateRules,
    rollback_config: updateRules,
    labels: keyed(),
    restart_policy: fields(
      { condition: oneOf(conditions), max_attempts: whole(0) },
      {
        of: 'a restart policy',
        ignored: {
          delay: 'the engine chooses its own pauses between restarts',
          window: 'the engine decides when a start has succeeded',
        },
      },
    ),
    resources: fields(
      {
        limits: fields({ cpus: number(0), memory: bytes, pids: whole(-1) }, { of: 'limits' }),
        reservations: fields(
          { cpus: number(0), memory: bytes, devices: listOf(deviceRequest) },
          { of: 'reservations', ignored: { generic_resources: swarmOnly } },
        ),
      },
      { of: 'resources' },
    ),
  },
  {
    of: 'a deployment',
    ignored: { placement: swarmOnly, endpoint_mode: 'the router of Slipway spreads the requests' },
  },
);

/** What `deploy` says, in the parts that a service is made of. */
export interface DeployRead {
  deploy: Deploy;
  restart: ComposeService['restart'] | null;
  limits: { memory?: number; cpus?: number; pids?: number };
  reservations: { memory?: number; cpus?: number };
  devices: DeviceRequest[];
}

/** What a service without `deploy` has. */
export const noDeploy: DeployRead = {
  deploy: { replicas: null, mode: 'replicated', update: null, rollback: null, labels: {} },
  restart: null,
  limits: {},
  reservations: {},
  devices: [],
};

/** The engine takes a number of attempts with `on-failure` alone, and refuses a container that has one without. */
function restartRules({
  condition = 'any',
  max_attempts: attempts,
}: {
  condition?: Condition;
  max_attempts?: number;
}): ComposeService['restart'] {
  const policy = condition === 'none' ? 'no' : condition === 'any' ? 'always' : condition;
  return { policy, maxRetries: policy === 'on-failure' ? (attempts ?? null) : null };
}

function noteEndless(tree: Tree, path: string, findings: Findings): void {
  const policy = valueAt(tree, 'restart_policy') ?? tree;
  findings.note(
    'compose/no-effect',
    `${path}.restart_policy.max_attempts has no effect: the engine counts attempts with "condition: on-failure" alone`,
    valueAt(policy, 'max_attempts')?.at ?? policy.at,
    { help: 'write "condition: on-failure" beside it, or take it out' },
  );
}

/** `deploy`. */
export const deploy: Shape<DeployRead> = (tree, path, findings) => {
  const read = form(tree, path, findings);
  if (read === undefined) return undefined;
  const { limits = {}, reservations = {} } = read.resources ?? {};
  const restart = read.restart_policy && restartRules(read.restart_policy);
  if (restart && read.restart_policy?.max_attempts !== undefined && restart.maxRetries === null)
    noteEndless(tree, path, findings);
  const { devices = [], ...reserved } = reservations;
  return {
    deploy: {
      replicas: read.replicas ?? null,
      mode: read.mode ?? 'replicated',
      update: read.update_config ?? null,
      rollback: read.rollback_config ?? null,
      labels: Object.fromEntries([...(read.labels ?? [])].map(([key, { value }]) => [key, value ?? ''])),
    },
    restart: restart ?? null,
    limits,
    reservations: reserved,
    devices,
  };
};
