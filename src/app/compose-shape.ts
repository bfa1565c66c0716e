import type { ServiceRole } from './model.ts';
import { word } from './notation.ts';
import { integer } from './numbers.ts';
import { about, flag, listOf, object, oneOrMany, text } from './shapes.ts';
import { host, processName, repositoryPath } from './written-names.ts';

/** How users reach the app. */
export const route = object(
  {
    service: about(
      text({ ...processName, expects: 'a name of a service' }),
      'Service of the Compose file that gets traffic. Without it: the obvious one.',
    ),
    port: about(
      integer(1, 65_535, 3000),
      'Port that it listens on in its container. Without it: the one that it publishes or exposes.',
    ),
    host: about(oneOrMany(host), 'Host names that users reach production by.'),
  },
  { example: '{ host: medianest.example.com }' },
);

/** Which Compose files the app is made of. */
export const compose = object(
  {
    files: about(
      oneOrMany(repositoryPath),
      'Compose files, each merged over those before it. Without it: those of COMPOSE_FILE in .env, else compose.yml or docker-compose.yml with its override, as Docker looks for them.',
    ),
    profiles: about(
      listOf(text({ expects: 'a profile', example: 'production' })),
      'Profiles that are active.',
      [],
    ),
  },
  { example: '{ files: [compose.yml, compose.production.yml] }' },
);

/** What a service of the Compose file is to a rollout. */
export const service = object(
  {
    role: about(
      word('a role', ['web', 'companion', 'worker', 'task', 'shared'] satisfies ServiceRole[]),
      'What it is to a rollout. Without it: what the Compose file shows; "slipway plan" says what and why.',
    ),
    overlap: about(
      flag,
      'Whether two revisions of it may run at once. Without it: companions yes, workers no.',
    ),
    downtime: about(
      word('an answer', ['allowed']),
      'Whether users may be without it while it is replaced, because only one of it may run; of a shared service, whether a rollout may replace it at all. Without it: no.',
    ),
  },
  { example: '{ role: worker }' },
);

/** What the release's migration means. */
export const migration = object(
  {
    irreversible: about(
      flag,
      'Whether the revision before cannot run on the migrated data: going back across it is refused unless forced.',
      false,
    ),
    'two-releases': about(
      flag,
      'Whether old and new cannot run on one schema: the plan advises to split the change in two releases.',
      false,
    ),
    command: about(
      text({ expects: 'a command', example: 'npm run migrate' }),
      'Runs once for each release and environment, before traffic, in the new image of the service that gets traffic.',
    ),
  },
  { example: '{ irreversible: true }' },
);

/** A service as written. */
export type WrittenService = NonNullable<ReturnType<typeof service.read>>;
