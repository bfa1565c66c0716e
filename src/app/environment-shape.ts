import { checks } from './check-shape.ts';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import { judge } from './judge-shape.ts';
import { integer } from './numbers.ts';
import { about, duration, flag, listOf, mapOf, object, oneOrMany, text, variableValue } from './shapes.ts';
import { strategy } from './strategy-shape.ts';
import { deploymentWindow } from './window-shape.ts';
import { host, machine, processName, requestPath, variable } from './written-names.ts';

const workflowVariable = { ...variable, expects: 'a name of a variable', example: 'REGION' };

const health = object(
  {
    path: about(
      requestPath,
      'Must answer 2xx. Without it: the healthcheck of the container, or any answer on its port.',
    ),
    tcp: about(flag, 'Whether an open port is enough; for containers.', false),
    command: about(
      text({ expects: 'a command', example: 'bin/ready' }),
      'Runs inside the container and must end with 0; for containers.',
    ),
    interval: about(
      duration('250ms', { positive: true }),
      'Time between two probes.',
      formatDuration(defaults.health.intervalMs),
    ),
    timeout: about(
      duration('2s', { positive: true }),
      'How long one probe may take.',
      formatDuration(defaults.health.probeTimeoutMs),
    ),
    successes: about(integer(1, 100), 'Consecutive successes needed.', defaults.health.successes),
    deadline: about(
      duration('60s', { positive: true }),
      'From start to ready.',
      formatDuration(defaults.health.deadlineMs),
    ),
  },
  { example: '{ path: /ready }' },
);

const rateLimit = object(
  {
    'per-minute': about(integer(1, 1_000_000), 'Requests a minute and client address.'),
    burst: about(
      integer(1, 1_000_000),
      'Requests that may come at once. Without it: as many as a minute allows.',
    ),
  },
  { example: '{ per-minute: 600, burst: 50 }' },
);

const smokeRequest = object(
  {
    path: about(requestPath, 'What is asked for.'),
    status: about(integer(100, 599, 200), 'Status that it must be answered with.', 200),
  },
  { example: '{ path: /login, status: 200 }' },
);

/** An environment of slipway.yml. */
export const environment = object(
  {
    branches: about(
      oneOrMany(text({ expects: 'a branch pattern', example: 'main' })),
      "Branches that may deploy here, in GitHub's filter syntax. Without it: every branch.",
    ),
    'promote-from': about(
      text({ expects: 'the name of an environment', example: 'staging' }),
      'Takes only the very release that this environment ran for the commit.',
    ),
    host: about(
      oneOrMany(host),
      'Host names. Without it: <app>.localhost for production, <environment>.<app>.localhost for others.',
    ),
    machines: about(
      oneOrMany(machine),
      "Machines that a Compose app runs on, all or nothing. `here` is the server's own; tasks and lone workers run on the first.",
      defaults.machines,
    ),
    env: about(mapOf(variable, variableValue), 'Environment variables of every process.'),
    vars: about(
      mapOf(workflowVariable, variableValue),
      'What jobs of this environment see as `vars` in workflows, on top of those of the app.',
    ),
    'env-file': about(
      text({
        expects: 'a path on the server',
        example: '/etc/medianest/production.env',
        pattern: '^(/|~/).+',
        allowed: 'an absolute path, or one that starts with "~/"',
      }),
      "An env file on the server's machine, mode 0600.",
    ),
    secrets: about(
      listOf(text({ ...variable, expects: 'a name of a secret', example: 'DATABASE_URL' })),
      'Secrets that processes get as environment variables.',
    ),
    replicas: about(mapOf(processName, integer(0, 64)), 'Copies of each process type or service.', {}),
    strategy: about(strategy, 'How traffic moves.', defaults.strategy),
    health: about(health, 'When a started process counts as ready.'),
    'drain-timeout': about(
      duration('30s'),
      'How long the old revision may finish its requests.',
      formatDuration(defaults.drainTimeoutMs),
    ),
    bake: about(duration('10s'), 'The watch after 100 %.', formatDuration(defaults.bakeMs)),
    'rollback-window': about(
      duration('1h'),
      'How long the old revision stands by after a success.',
      formatDuration(defaults.rollbackWindowMs),
    ),
    overlap: about(listOf(text(processName)), 'Workers of which two revisions may run at once.'),
    'rate-limit': about(rateLimit, 'Limit for each client address. Without it: none.'),
    reviewers: about(
      listOf(text({ expects: 'the name of a user', example: 'ana' })),
      'Users of whom one must approve a rollout before it begins.',
      [],
    ),
    'prevent-self-review': about(flag, 'Whether the one who asked may not approve.', false),
    'wait-timer': about(duration('15m'), 'How long a rollout waits before it begins.', '0s'),
    windows: about(
      listOf(deploymentWindow),
      'Times of the week in which a rollout may begin. Without it: at any time.',
    ),
    deadline: about(
      duration('2h', { positive: true }),
      'From its begin to all traffic on the new revision, or it goes back. Without it: none.',
    ),
    smoke: about(
      listOf(smokeRequest),
      'Requests that each new copy must answer before it gets traffic, and the old ones after a migration.',
      [],
    ),
    checks: about(checks, 'What must hold before a new revision gets traffic, and after each step.'),
    judge: about(
      judge,
      'How the new revision is judged while it has traffic. Without it: a canary as by `balanced`, others not at all.',
    ),
  },
  {
    example: '{ branches: [main] }',
    emptyIsNone: true,
    refused: {
      canary: {
        code: 'app/misplaced-key',
        reason: '"canary" is a strategy',
        help: 'write it like this: strategy: { canary: { steps: [10%, 50%, 100%] } }',
      },
      migration: {
        code: 'app/misplaced-key',
        reason: 'a migration belongs to the commit, wherever it runs',
        help: 'move it to the left, beside "environments"',
      },
      servers: {
        code: 'app/unknown-key',
        reason: 'it is called "machines" here',
        help: 'write it like this: machines: [here, deploy@10.0.0.6]',
      },
      ttl: {
        reason: 'previews that end by themselves are not in this version yet',
        help: 'remove it; an environment stays until you take it down',
      },
    },
  },
);

/** One environment as written. */
export type WrittenEnvironment = NonNullable<ReturnType<typeof environment.read>>;
