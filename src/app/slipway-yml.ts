import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Node } from 'yaml';
import type { Finding } from '../diagnostics/index.ts';
import { defaults } from './defaults.ts';
import { formatDuration } from './duration.ts';
import { hostPattern, namePattern, processNamePattern, variablePattern } from './names.ts';
import type { SourceFile } from './procfile.ts';
import {
  about,
  duration,
  flag,
  integer,
  listOf,
  mapOf,
  notEmpty,
  object,
  oneOrMany,
  Reader,
  text,
} from './shapes.ts';
import { variableValue } from './shapes.ts';
import type { JsonSchema, RefusedKey } from './shapes.ts';
import { strategy } from './strategy-shape.ts';

const name = {
  pattern: namePattern,
  allowed: 'lower-case letters, digits and "-", at most 63, no "-" at the ends',
};
const appName = text({ expects: 'a name', example: 'medianest', ...name });
const host = text({
  expects: 'a host name',
  example: 'medianest.example.com',
  pattern: hostPattern,
  allowed: 'lower-case host names without scheme, port or path, and "*" for every other host',
});
const variable = {
  expects: 'a name of an environment variable',
  example: 'LOG_LEVEL',
  pattern: variablePattern,
  allowed: 'letters, digits and "_", not starting with a digit',
};
const workflowVariable = { ...variable, expects: 'a name of a variable', example: 'REGION' };
const processType = {
  expects: 'a name of a process type',
  example: 'web',
  pattern: processNamePattern,
  allowed: 'names of the Procfile',
};

const containersLater: RefusedKey = {
  reason: 'routes into containers are not in this version yet',
  help: 'remove it: traffic goes to the process "web" of the Procfile, at the port in its PORT variable',
};

const route = object(
  { host: about(oneOrMany(host), 'Host names that users reach production by.') },
  {
    example: '{ host: medianest.example.com }',
    refused: { service: containersLater, port: containersLater },
  },
);

const release = object(
  {
    artifact: about(
      text({ expects: 'the name of an uploaded artifact', example: 'dist' }),
      "Artifact of the workflow that is laid over the commit's files. Without it: `release`, `dist` or `build`, the first that exists.",
    ),
    install: about(
      flag,
      'Whether production dependencies are installed into the release with `npm ci`. Without it: when the lock file has any and no node_modules is there.',
    ),
  },
  { example: '{ artifact: dist }' },
);

const health = object(
  {
    path: about(
      text({
        expects: 'a path',
        example: '/ready',
        pattern: '^/\\S*$',
        allowed: 'a path that starts with "/"',
      }),
      'Must answer 2xx. Without it an open port that answers HTTP at all is enough.',
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

const environment = object(
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
    replicas: about(mapOf(processType, integer(0, 64)), 'Copies of each process type.', {}),
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
    overlap: about(listOf(text(processType)), 'Workers of which two revisions may run at once.'),
    'rate-limit': about(rateLimit, 'Limit for each client address. Without it: none.'),
  },
  {
    example: '{ branches: [main] }',
    emptyIsNone: true,
    refused: {
      canary: {
        reason: 'canary is not in this version yet',
        help: 'use "strategy: blue-green" or "strategy: rolling" and a "bake"',
      },
      ttl: {
        reason: 'previews that end by themselves are not in this version yet',
        help: 'remove it; an environment stays until you take it down',
      },
      reviewers: {
        reason: 'reviewers are not in this version yet',
        help: 'remove it, and protect the branches of this environment on your Git host instead',
      },
      'wait-timer': {
        reason: 'wait timers are not in this version yet',
        help: 'remove it; "bake" on the environment before this one gives time to notice a bad release',
      },
    },
  },
);

const slipwayYml = object(
  {
    name: about(appName, "The app's name. Without it: the name of the repository's folder."),
    route: about(route, 'How users reach the app.'),
    release: about(release, "What a release holds beyond the commit's own files."),
    vars: about(mapOf(workflowVariable, variableValue), 'What jobs see as `vars` in workflows.'),
    environments: about(
      notEmpty(
        mapOf({ expects: 'the name of an environment', example: 'production', ...name }, environment),
        'define one, such as "production: { branches: [main] }", or remove the key',
      ),
      'Where the app runs. Without it: production, from the default branch.',
    ),
  },
  { example: '{ name: medianest }', emptyIsNone: true },
);

/** slipway.yml as written, every value with its place. */
export type SlipwayYml = NonNullable<ReturnType<typeof slipwayYml.read>>;
/** One environment as written. */
export type WrittenEnvironment = NonNullable<ReturnType<typeof environment.read>>;

/** The published JSON Schema of slipway.yml: the same table that Slipway reads with. */
export const slipwaySchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'slipway.yml',
  ...slipwayYml.schema,
};

/** Reads slipway.yml key by key; what belongs together is checked by `parseApp`. An empty file is a file without keys. */
export function readSlipwayYml(source: SourceFile): { value: SlipwayYml; findings: Finding[] } {
  const lines = new LineCounter();
  const document = parseDocument(source.text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    uniqueKeys: false,
    keepSourceTokens: false,
  });
  const reader = new Reader(source.file, document, lines);
  // Those that follow are mostly echoes of the first.
  for (const error of document.errors.slice(0, 1)) {
    const at = {
      file: source.file,
      start: reader.position(error.pos[0]),
      end: reader.position(error.pos[1]),
    };
    reader.report('app/yaml', `this is not YAML: ${error.message.split('\n')[0]}`, at, {
      help: 'mend the syntax here; the rest of the file is checked after that',
    });
  }
  if (document.errors.length > 0) return { value: {}, findings: reader.findings };
  const root = document.contents as Node | null;
  if (root === null || (isScalar(root) && root.value === null)) return { value: {}, findings: [] };
  if (!isMap(root)) {
    reader.report('app/wrong-type', 'slipway.yml must be a mapping of keys', reader.span(root), {
      help: 'start with a line such as "name: medianest"',
    });
    return { value: {}, findings: reader.findings };
  }
  return { value: slipwayYml.read(root, reader, '') ?? {}, findings: reader.findings };
}
