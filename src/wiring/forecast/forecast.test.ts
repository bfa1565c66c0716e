import { describe, expect, test } from 'vitest';
import { forecastRollout } from './forecast.ts';
import type { Forecast, MachineFacts, MachineForecast } from './model.ts';
import { resolved, running, type Commit } from './testing/situation.ts';

const shop = `
services:
  web: { build: web, ports: ["80:3000"], depends_on: [api], mem_limit: 256m, environment: { LOG: info, KEY: "\${KEY}" } }
  api: { build: api, expose: ["4000"], depends_on: { migrate: { condition: service_completed_successfully } }, mem_limit: 128m }
  worker: { build: api, command: work, stop_grace_period: 20s }
  migrate: { build: api, command: migrate, depends_on: [db] }
  db: { image: "postgres:16", volumes: ["db:/var/lib/postgresql/data"], mem_limit: 1g }
volumes: { db: }
`;

interface Situation {
  before?: Partial<Commit> | null;
  now?: Partial<Commit>;
  changedFiles?: string[] | null;
  ignoreFiles?: Record<string, string>;
  images?: MachineFacts['images'];
  /** By machine beside `here`. */
  others?: Record<string, Partial<MachineFacts>>;
}

function forecast(situation: Situation): Forecast {
  const { before = {}, now = {}, changedFiles = [], ignoreFiles = {}, images = {}, others = {} } = situation;
  const state = before && running({ compose: shop, ...before });
  const unknown = { problem: null, free: { memoryBytes: null, diskBytes: null } };
  const machines = [
    { ...unknown, name: 'here', images },
    ...Object.entries(others).map(([name, facts]) => ({ ...unknown, images: {}, ...facts, name })),
  ];
  const commit = resolved({ compose: shop, ...now });
  return forecastRollout({ ...commit, state, changedFiles, ignoreFiles, machines });
}

const surgeOf = ({ machines }: Forecast) => machines[0]?.surge;

const changesOf = ({ services }: Forecast) =>
  Object.fromEntries(services.map(({ name, change, notes }) => [name, [change, ...notes].join('; ')]));

/** The shop with one text replaced. */
const shopWith = (from: string, to: string): Commit => ({ compose: shop.replace(from, to) });

describe('a shared service is said to differ when what it is given differs', () => {
  const broker = `
services:
  web: { build: web, ports: ["80:3000"] }
  redis:
    image: redis
    command: redis-server --requirepass \${KEY}
    configs: [redis]
    volumes: ["data:/data", "./conf:/conf:ro"]
configs: { redis: { content: "maxmemory 10mb" } }
volumes: { data: }
`;
  const as = (more: Partial<Commit> = {}): Commit => ({ compose: broker, files: { conf: 'a1' }, ...more });
  const told = 'kept as it runs; to stop it and start it so: slipway apply redis';

  test.each<[string, Commit, string]>([
    ['nothing', as(), 'same'],
    ['a config', as({ compose: broker.replace('10mb', '20mb') }), `kept; config redis; ${told}`],
    [
      'a secret',
      as({ keyVersion: 2 }),
      `kept; secret KEY, version 1 → 2; ${told}; where the app needs the same value, let users wait while a rollout brings it to both: services: { redis: { downtime: allowed } } in slipway.yml`,
    ],
    [
      'a committed file',
      as({ files: { conf: 'b2' } }),
      `kept; files that it mounts, or values of its variables; ${told}`,
    ],
  ])('%s', (_, now, change) => {
    expect(changesOf(forecast({ before: as(), now }))['redis']).toBe(change);
  });

  test('and with the word for it a rollout brings it, which says who waits, for how long and why', () => {
    const yml = 'services: { redis: { downtime: allowed } }';
    const said = forecast({ before: as(), now: as({ keyVersion: 2, yml }) });
    expect(changesOf(said)['redis']).toBe(
      'changed; secret KEY, version 1 → 2; stopped and started so while users wait',
    );
    expect(said.downtime).toMatchObject([{ service: 'redis', of: 'requests' }]);
    expect(said.steps).toContainEqual(
      'shows users the maintenance page, stops redis and starts it anew; what fails from here on puts back what ran',
    );
    expect(forecast({ before: as({ yml }), now: as({ yml }) }).downtime).toEqual([]);
  });

  test('but not because an earlier version of Slipway did not note it', () => {
    const state = running(as());
    for (const { service } of state.shared) delete service.content;
    const facts = { state, changedFiles: [], ignoreFiles: {}, machines: [] };
    const { services } = forecastRollout({ ...resolved(as({ keyVersion: 2 })), ...facts });
    expect(services.find(({ name }) => name === 'redis')?.change).toBe('same');
  });
});

describe('a forecast says which services change, and why', () => {
  const leftOut = 'reached through the router; 80:3000 of the host is left out';
  const same = { web: `same; ${leftOut}`, api: 'same', worker: 'same', migrate: 'same', db: 'same' };

  test.each<[string, Situation, Record<string, string>]>([
    ['nothing has changed', {}, same],
    [
      'nothing runs yet',
      { before: null },
      {
        web: `new; ${leftOut}`,
        api: 'new',
        worker: 'new',
        migrate: 'new',
        db: 'new; starts once, and stays',
      },
    ],
    ['a line has moved', { now: { compose: `\n\n${shop}` } }, same],
    [
      'files of a build context',
      { changedFiles: ['api/main.py', 'api/lib.py', 'web/index.html', 'README.md'] },
      {
        ...same,
        web: `changed; web/index.html, of which it is built; ${leftOut}`,
        api: 'changed; 2 files of which it is built',
        worker: 'changed; 2 files of which it is built',
        migrate: 'changed; 2 files of which it is built',
      },
    ],
    [
      'files that a .dockerignore leaves out change no image, and a Dockerfile always does',
      {
        changedFiles: [
          'api/main.py',
          'web/README.md',
          'web/docs/a.md',
          'web/docs/kept.html',
          'web/Dockerfile',
        ],
        ignoreFiles: {
          'web/.dockerignore': '# notes\n*\n!docs\ndocs/*.md\n',
          'api/.dockerignore': 'everything is built of another list',
          'api/Dockerfile.dockerignore': '**/*.py\n',
        },
      },
      { ...same, web: `changed; 2 files of which it is built; ${leftOut}` },
    ],
    [
      'which files differ is not known',
      { changedFiles: null },
      {
        ...same,
        web: `changed; maybe the files that it is built of; ${leftOut}`,
        api: 'changed; maybe the files that it is built of',
        worker: 'changed; maybe the files that it is built of',
        migrate: 'changed; maybe the files that it is built of',
      },
    ],
    [
      'variables, by name alone',
      { now: shopWith('LOG: info', 'LOG: debug, NEW: 1') },
      { ...same, web: `changed; environment LOG, NEW; ${leftOut}` },
    ],
    [
      'a new version of a secret, where it is used',
      { now: { keyVersion: 2 } },
      { ...same, web: `changed; secret KEY, version 1 → 2; ${leftOut}` },
    ],
    [
      'keys as the Compose file writes them',
      {
        now: shopWith(
          'command: work, stop_grace_period: 20s',
          'command: work hard, stop_grace_period: 9s, cap_drop: [ALL]',
        ),
      },
      { ...same, worker: 'changed; command; stop_grace_period; cap_drop' },
    ],
    [
      'more copies',
      { now: { yml: 'environments: { production: { replicas: { web: 3 } } }' } },
      { ...same, web: `changed; copies 1 → 3; ${leftOut}` },
    ],
    [
      'a stateful service is never touched',
      { now: shopWith('postgres:16', 'postgres:17') },
      {
        ...same,
        db: 'kept; image postgres:16 → postgres:17; kept as it runs; to stop it and start it so: slipway apply db',
      },
    ],
    [
      'a service is gone, and one that holds state as well',
      {
        before: {
          compose: shop.replace('services:', 'services:\n  cron: { build: cron }\n  redis: { image: redis }'),
        },
      },
      {
        ...same,
        cron: 'gone; ends with the old revision',
        redis: 'gone; kept as it runs, with its data; to end it: slipway apply redis',
      },
    ],
  ])('%s', (_, situation, changes) => {
    expect(changesOf(forecast(situation))).toEqual(changes);
  });

  test('with the role of each, and the reason for it', () => {
    const { services } = forecast({});
    expect(services.map(({ name, role, reason }) => `${name} ${role}: ${reason}`).sort()).toEqual([
      'api companion: "web" depends on it',
      'db shared: its image is a database',
      'migrate task: "api" waits for its end',
      'web web: it alone publishes a port: 80:3000',
      'worker worker: it is named like a worker, and opens no port',
    ]);
  });
});

describe('a forecast says what happens in which order', () => {
  test('of a first release', () => {
    expect(forecast({ before: null }).steps).toEqual([
      'builds the images of migrate, api, web, worker; gets those of db',
      'starts db, and waits until it is ready',
      'runs migrate to its end, once',
      'starts 1 copy of web, with api of its own; ready when it answers 2 times in a row within 1m; then all traffic',
      'starts worker',
      'watches for 10s with all traffic; any failure up to here goes back by itself',
    ]);
  });

  test('of a canary with people, rules, smoke requests and an irreversible migration', () => {
    const yml = `
migration: { irreversible: true, two-releases: true, command: npm run more }
environments:
  production:
    reviewers: [ana, ben]
    prevent-self-review: true
    wait-timer: 5m
    windows: ["Mon-Fri 09:00-17:00 Europe/Berlin"]
    replicas: { web: 4 }
    smoke: [{ path: /login }]
    checks: { before: [{ run: npm run smoke }], after: [{ path: /cart }] }
    health: { path: /ready }
    strategy: { canary: { steps: [25%, { weight: 50%, hold: approval, flags: { cart: on } }, 100%] } }
`;
    expect(forecast({ now: { yml } }).steps).toEqual([
      'waits for Mon-Fri 09:00-17:00 Europe/Berlin',
      'waits 5m',
      'waits for approval by ana or ben, not by whoever asked',
      'builds the images of migrate, api, web, worker; gets those of db',
      'runs migrate to its end, once',
      'runs "npm run more" in the new image of web, once',
      'checks that r3 still passes its health checks and its smoke requests, before traffic moves',
      'from there on going back to an older release is refused, unless forced: its migration is irreversible',
      'slipway.yml says that old and new cannot run on one schema: split it in two releases, the first of which adds and the second removes',
      'starts 1 copy of web, with api of its own; ready when GET /ready answers 2xx 2 times in a row within 1m and GET /login answers 200; checks "npm run smoke"; then 25% of traffic; then checks GET /cart; holds for 1m',
      'starts 1 copy of web; then 50% of traffic; then cart is on; then checks GET /cart; holds until somebody approves',
      'starts 2 copies of web; then all traffic; then checks GET /cart',
      'from the first of its traffic on, judges it against r3 by the traffic of both (balanced): harm takes it back; what is not proven by the end of a hold goes on',
      'r3 finishes its requests, for at most 30s',
      'ends the old worker',
      'starts worker',
      'watches for 10s with all traffic; any failure up to here goes back by itself',
      'r3 stands by for 1h, for a way back at once',
    ]);
  });

  test.each([
    [
      'blue-green with a preview',
      'strategy: { blue-green: { preview: true, hold: approval } }',
      ['then no traffic but that of preview.shop.localhost; holds until somebody approves', 'all traffic'],
    ],
    [
      'rolling where there is no room for both',
      'replicas: { web: 2 }, strategy: { rolling: { batch: 1, unavailable: 1, pause: 30s } }',
      [
        'stops 1 copy of the old web, starts 1 copy of web',
        'then 50% of traffic; holds for 30s',
        'stops 1 copy of the old web, starts 1 copy of web; then all traffic',
      ],
    ],
    [
      'what is judged by more than its traffic',
      'strategy: rolling, judge: { level: careful, error-rate: "< 0.5%", p95: "< 200ms", metrics: [{ resource: memory, times: 2 }], probes: { requests: [{ path: / }] } }',
      [
        'judges it against r3 by the traffic of both, at most 0.5 % errors, p95 of 200ms, memory, requests of its own (careful): harm takes it back; a hold lasts until it is proven good',
      ],
    ],
  ])('of %s', (_, settings, expected) => {
    const yml = `environments: { production: { ${settings} } }`;
    const { steps } = forecast({ before: { yml }, now: { yml } });
    for (const text of expected)
      expect(
        steps.some((step) => step.includes(text)),
        `${text} in ${steps.join('\n')}`,
      ).toBe(true);
  });
});

describe('a forecast says what two revisions need', () => {
  const mib = 2 ** 20;

  test.each<[string, Situation, Partial<MachineForecast['surge']>]>([
    // A worker that may not overlap takes the place of its predecessor.
    ['beside what runs', {}, { memoryBytes: 384 * mib, unlimited: [] }],
    ['of a first release', { before: null }, { memoryBytes: (384 + 1024) * mib, unlimited: ['worker'] }],
    [
      'with more copies',
      { now: { yml: 'environments: { production: { replicas: { web: 3 } } }' } },
      { memoryBytes: (3 * 256 + 128) * mib },
    ],
    [
      'with workers that overlap',
      { now: { yml: 'services: { worker: { overlap: true } }' } },
      { memoryBytes: 384 * mib, unlimited: ['worker'] },
    ],
    [
      'on disk',
      {
        images: {
          db: { there: true },
          web: { there: false, aboutBytes: 100 * mib },
          api: { there: false, aboutBytes: 50 * mib },
        },
      },
      { diskBytes: 150 * mib, unknownImages: ['migrate', 'worker'] },
    ],
  ])('%s', (_, situation, surge) => {
    expect(surgeOf(forecast(situation))).toMatchObject(surge);
  });
});

describe('a forecast says who is away, why, and the way out', () => {
  const worker = (text: string): Commit => ({
    compose: `services:\n  web: { build: ., ports: ["80:3000"] }\n  worker: { build: ., ${text} }\nvolumes: { spool: }\n`,
  });
  const overlapping = (commit: Partial<Commit>): Partial<Commit> => ({
    ...commit,
    yml: 'services: { worker: { overlap: true } }',
  });

  test.each<[string, Situation, Forecast['downtime']]>([
    ['nobody, of a first release', { before: null }, []],
    ['nobody, when workers may overlap', { before: overlapping({}), now: overlapping({}) }, []],
    [
      'nobody, when a worker is new',
      { before: { compose: 'services: { web: { build: ., ports: ["80:3000"] } }' } },
      [],
    ],
    [
      'a worker that may not run twice',
      {},
      [
        {
          service: 'worker',
          of: 'work',
          why: "it pauses between the old one's end and the new one's start, up to 20s for its end: two of it at once might do the same work twice",
          wayOut: 'if two may run at once, say so in slipway.yml: services: { worker: { overlap: true } }',
        },
      ],
    ],
    [
      'a worker whose old revision did not say so',
      { now: overlapping({}) },
      [
        {
          service: 'worker',
          of: 'work',
          why: "it pauses between the old one's end and the new one's start, up to 20s for its end: the revision that runs does not say that two of it may run",
          wayOut: 'nothing; from the next rollout on there is no pause',
        },
      ],
    ],
    [
      'a worker with a port of the host',
      { before: worker('ports: ["9100:9100"]'), now: worker('ports: ["9100:9100"]') },
      [
        {
          service: 'worker',
          of: 'work',
          why: "it pauses between the old one's end and the new one's start, up to 10s for its end: only one container can hold port 9100 of the host",
          wayOut:
            'remove "9100:9100" from its ports, and say in slipway.yml: services: { worker: { overlap: true } }',
        },
      ],
    ],
    [
      'a worker with a volume',
      { before: worker('volumes: ["spool:/spool"]'), now: worker('volumes: ["spool:/spool"]') },
      [
        {
          service: 'worker',
          of: 'work',
          why: 'it pauses between the old one\'s end and the new one\'s start, up to 10s for its end: it writes into the volume "spool", which only one may hold unless you say otherwise',
          wayOut: 'if two of it bear that, say so in slipway.yml: services: { worker: { overlap: true } }',
        },
      ],
    ],
    [
      'everybody, when nothing gets traffic any more',
      { now: { compose: 'services: { bot: { build: . } }' } },
      [
        {
          service: 'web',
          of: 'requests',
          why: 'no service of the commit gets traffic, so every request is answered 503 from then on',
          wayOut:
            'say which in slipway.yml: route: { service: web, port: 3000 }; or take the environment down instead',
        },
      ],
    ],
  ])('%s', (_, situation, downtime) => {
    expect(forecast(situation).downtime).toEqual(downtime);
  });
});

describe('a service of which only one may run', () => {
  const compose = shop
    .replace('ports: ["80:3000"]', 'ports: ["80:3000", "2222:22"], volumes: ["store:/data"]')
    .replace('volumes: { db: }', 'volumes: { db: , store: }');
  const consent = { compose, yml: 'route: { port: 3000 }\nservices: { web: { downtime: allowed } }' };
  const planned = (situation: Situation = {}) => forecast({ before: consent, now: consent, ...situation });

  test('is away while it is replaced, for a reason, a time, and with a way out', () => {
    expect(planned().downtime.filter((one) => one.of === 'requests')).toEqual([
      {
        service: 'web',
        of: 'requests',
        why: 'the old one ends before the new one starts: only one container can hold port 2222 of the host; users see the maintenance page meanwhile, at most 30s for the requests that the old one has, 10s for its end, and 1m until the new one is ready, or the old one comes back',
        wayOut: 'move what answers on port 22 into a service of its own',
      },
    ]);
  });

  test('stops before it starts, and is not needed twice', () => {
    expect(planned().steps.filter((line) => line.includes('web'))).toEqual([
      'builds the images of migrate, api, web, worker; gets those of db',
      'shows users the maintenance page, stops 1 copy of the old web, starts 1 copy of web, with api of its own; ready when it answers 2 times in a row within 1m; then all traffic',
    ]);
    expect(planned().steps.at(-1)).toBe('r3 is remembered; a way back starts it again');
    expect(surgeOf(planned())?.memoryBytes).toBe(128 * 1024 * 1024);
    expect(changesOf(planned())['web']).toBe(
      'same; reached through the router; 80:3000 of the host is left out',
    );
  });

  test('misses nobody when nothing runs yet', () => expect(planned({ before: null }).downtime).toEqual([]));
});

describe('a forecast for several machines', () => {
  const mib = 2 ** 20;
  const stateless = `
services:
  web: { build: ., ports: ["80:3000"], mem_limit: 256m }
  mailer: { build: ., command: mail, mem_limit: 64m }
  migrate: { build: ., command: migrate, restart: "no" }
`;
  const twoOf = (list: string) => ({
    compose: stateless,
    yml: `services: { migrate: { role: task } }\nenvironments: { production: { machines: [${list}] } }`,
  });
  const planned = (more: Situation = {}) =>
    forecast({ before: twoOf('here'), now: twoOf('here, ana@two'), ...more });

  test('says what runs where, what it needs there, and what is free', () => {
    const there: Record<string, { there: true }> = { web: { there: true }, mailer: { there: true } };
    const free = { memoryBytes: 1000 * mib, diskBytes: 2000 * mib };
    const fresh = { web: { there: false, aboutBytes: 90 * mib } } as const;
    const { machines } = planned({ images: there, others: { 'ana@two': { images: fresh, free } } });
    expect(machines).toMatchObject([
      {
        name: 'here',
        change: 'same',
        services: ['web', 'mailer', 'migrate'],
        // The mailer takes the place of its predecessor.
        surge: { memoryBytes: 256 * mib, diskBytes: 0, unknownImages: ['migrate'] },
      },
      {
        name: 'ana@two',
        change: 'new',
        problem: null,
        services: ['web'],
        surge: { memoryBytes: 256 * mib, diskBytes: 90 * mib, unknownImages: [] },
        free,
      },
    ]);
  });

  test('says what is left, and what stands in the way', () => {
    const left = planned({ before: twoOf('here, ana@two'), now: twoOf('here') });
    expect(left.machines.map(({ name, change }) => `${name} ${change}`)).toEqual([
      'here same',
      'ana@two gone',
    ]);
    expect(left.steps.at(-1)).toBe('ana@two is left: what runs there ends with r3');
    const silent = planned({ others: { 'ana@two': { problem: 'it does not answer' } } });
    expect(silent.machines.map(({ problem }) => problem)).toEqual([null, 'it does not answer']);
  });

  test('moves what there may be only one of to the first', () => {
    const { machines } = planned({ now: twoOf('ana@two, here'), others: { 'ana@two': {} } });
    expect(machines.map(({ name, services }) => `${name}: ${services.join(' ')}`)).toEqual([
      'ana@two: web mailer migrate',
      'here: web',
    ]);
    expect(machines[0]?.surge.memoryBytes).toBe((256 + 64) * mib);
  });

  test('orders the steps so that none shifts before all are ready', () => {
    expect(planned().steps).toEqual([
      'builds the images of web, mailer, migrate',
      'brings the images to ana@two',
      'runs migrate to its end, once and on here alone',
      'checks that r3 still passes its health checks, before traffic moves',
      'starts 1 copy of web on each machine; ready when it answers 2 times in a row within 1m; then all traffic on all machines',
      'r3 finishes its requests, for at most 30s',
      'ends the old mailer',
      'starts mailer on here alone',
      'watches for 10s with all traffic; any failure up to here goes back by itself, on all machines',
      'r3 stands by for 1h, for a way back at once',
    ]);
  });
});
