import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCompose } from '../compose/index.ts';
import { classifyServices, composeFor, parseApp } from './index.ts';
import type { Classified, ComposeApp } from './index.ts';

function classified(compose: string, slipwayYml = ''): Classified {
  const loaded = loadCompose({
    files: ['compose.yml'],
    sources: { read: (path) => (path === 'compose.yml' ? compose : null) },
    env: {},
    profiles: [],
  });
  if (!loaded.ok) throw new Error(loaded.findings.map(({ message }) => message).join('\n'));
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: slipwayYml },
    fallbackName: 'shop',
  });
  if (!app.ok) throw new Error(app.findings.map(({ message }) => message).join('\n'));
  return classifyServices(loaded.value, app.value);
}

/** `web: web 3000`, then each service with its role, in the order of their names. */
function rolesOf({ services, web }: Classified): Record<string, string> {
  const roles = services.map(({ name, role }) => [name, role === 'web' ? `web ${web?.port}` : role] as const);
  return Object.fromEntries(roles.toSorted(([a], [b]) => a.localeCompare(b)));
}

const apps: {
  title: string;
  compose: string;
  yml?: string;
  roles: Record<string, string>;
  findings?: string[];
}[] = [
  {
    title: 'a TypeScript media library',
    compose: `
services:
  web: { build: web, ports: ["3000:3000"], depends_on: [backend] }
  backend: { build: backend, expose: [4000], environment: { DATABASE_URL: "postgres://db/x", REDIS: "redis://redis" } }
  worker: { build: backend, command: [node, worker.js], depends_on: { redis: { condition: service_started } } }
  postgres: { image: "postgres:16", volumes: ["db:/var/lib/postgresql/data"], ports: ["127.0.0.1:5432:5432"] }
  redis: { image: redis }
volumes: { db: }
`,
    roles: { backend: 'companion', postgres: 'shared', redis: 'shared', web: 'web 3000', worker: 'worker' },
  },
  {
    title: 'Django with Celery, its beat and migrations, all of one image',
    compose: `
x-app: &app { build: ., env_file: [], volumes: ["media:/srv/media"] }
services:
  web: { <<: *app, command: gunicorn shop.wsgi, ports: ["8000:8000"], depends_on: { migrate: { condition: service_completed_successfully } } }
  celery: { <<: *app, command: celery -A shop worker, depends_on: [redis] }
  celery-beat: { <<: *app, command: celery -A shop beat, depends_on: [celery, redis] }
  flower: { <<: *app, command: celery flower, ports: ["5555:5555"], depends_on: [celery] }
  migrate: { <<: *app, command: python manage.py migrate, depends_on: { db: { condition: service_started } } }
  db: { image: "postgis/postgis:16-3.4" }
  redis: { image: "docker.io/library/redis:7-alpine" }
volumes: { media: }
`,
    roles: {
      celery: 'worker',
      'celery-beat': 'worker',
      db: 'shared',
      flower: 'worker',
      migrate: 'task',
      redis: 'shared',
      web: 'web 8000',
    },
  },
  {
    title: 'Rails with Sidekiq, images of its own from a registry',
    compose: `
services:
  app: { image: "ghcr.io/acme/shop:1.2", ports: ["80:3000"], depends_on: [db, cache] }
  sidekiq: { image: "ghcr.io/acme/shop:1.2", command: bundle exec sidekiq, depends_on: [app, db] }
  db-migrate: { image: "ghcr.io/acme/shop:1.2", command: rails db:migrate, restart: "no", depends_on: [db] }
  db: { image: "mysql:8", volumes: ["db:/var/lib/mysql"] }
  cache: { image: "memcached" }
volumes: { db: }
`,
    roles: { app: 'web 3000', cache: 'shared', db: 'shared', 'db-migrate': 'task', sidekiq: 'worker' },
  },
  {
    title: 'WordPress with MySQL',
    compose: `
services:
  wordpress: { image: wordpress, ports: ["8080:80"], volumes: ["html:/var/www/html"], depends_on: [db] }
  db: { image: "mariadb:11", volumes: ["db:/var/lib/mysql"] }
volumes: { html: , db: }
`,
    roles: { db: 'shared', wordpress: 'web 80' },
    findings: ['app/volume-held-twice'],
  },
  {
    title: 'WordPress whose volume may be held twice',
    compose: `
services:
  wordpress: { image: wordpress, ports: ["8080:80"], volumes: ["html:/var/www/html"] }
volumes: { html: }
`,
    yml: 'services: { wordpress: { overlap: true } }',
    roles: { wordpress: 'web 80' },
  },
  {
    title: 'one container with SQLite on a volume',
    compose: `
services:
  notes: { build: ., ports: ["3000"], volumes: ["data:/data"] }
volumes: { data: }
`,
    roles: { notes: 'web 3000' },
    findings: ['app/volume-held-twice'],
  },
  {
    title: 'a frontend by nginx before an API, files served from a volume of both',
    compose: `
services:
  nginx: { image: "nginx:1.27", ports: ["80:80", "443:443"], volumes: ["static:/static:ro"], depends_on: [api] }
  api: { build: ., volumes: ["static:/app/static"], expose: ["8000"] }
volumes: { static: }
`,
    roles: { api: 'companion', nginx: 'web 80' },
  },
  {
    title: 'a frontend and a backend that both publish, told apart by name',
    compose: `
services:
  frontend: { build: frontend, ports: ["3000:3000"], environment: { API_URL: "http://backend:4000" } }
  backend: { build: backend, ports: ["4000"] }
`,
    roles: { backend: 'companion', frontend: 'web 3000' },
  },
  {
    title: 'tools beside the app',
    compose: `
services:
  shop: { build: ., ports: ["5000:5000"], depends_on: [db] }
  adminer: { image: adminer, ports: ["8080:8080"] }
  mailpit: { image: axllent/mailpit, ports: ["8025:8025"], expose: ["1025"] }
  grafana: { image: grafana/grafana, ports: ["3001:3000"], volumes: ["grafana:/var/lib/grafana"] }
  db: { image: "postgres" }
volumes: { grafana: }
`,
    roles: { adminer: 'worker', db: 'shared', grafana: 'shared', mailpit: 'worker', shop: 'web 5000' },
  },
  {
    title: 'Laravel with Horizon, a scheduler and a search index',
    compose: `
services:
  app: { build: ., expose: [9000] }
  nginx: { image: nginx, ports: ["80:80"], depends_on: [app] }
  horizon: { build: ., command: php artisan horizon, depends_on: { redis: { condition: service_healthy } } }
  scheduler: { build: ., command: php artisan schedule:work }
  redis: { image: "bitnami/redis:7", healthcheck: { test: [CMD, redis-cli, ping] } }
  meilisearch: { image: "getmeili/meilisearch:v1", volumes: ["meili:/meili_data"] }
volumes: { meili: }
`,
    roles: {
      app: 'companion',
      horizon: 'worker',
      meilisearch: 'shared',
      nginx: 'web 80',
      redis: 'shared',
      scheduler: 'worker',
    },
  },
  {
    title: 'an event pipeline: a broker, consumers, a gateway',
    compose: `
services:
  gateway: { build: gateway, ports: ["127.0.0.1:8080:8080"], environment: { ORDERS_HOST: orders, KAFKA: "kafka:9092" } }
  orders: { build: orders }
  consumer: { build: orders, command: consume }
  audit: { build: audit }
  kafka: { image: "confluentinc/cp-kafka:7", depends_on: [zookeeper] }
  zookeeper: { image: "confluentinc/cp-zookeeper:7" }
`,
    roles: {
      audit: 'worker',
      consumer: 'worker',
      gateway: 'web 8080',
      kafka: 'shared',
      orders: 'companion',
      zookeeper: 'shared',
    },
  },
  {
    title: 'a store that nobody knows, by its volume',
    compose: `
services:
  web: { build: ., ports: ["3000:3000"], depends_on: [store] }
  store: { image: "acme/strange-store", volumes: ["store:/data"] }
volumes: { store: }
`,
    roles: { store: 'shared', web: 'web 3000' },
  },
  {
    title: 'a cache that only reads its volume',
    compose: `
services:
  web: { build: ., ports: ["3000:3000"], depends_on: [geo] }
  geo: { image: "acme/geoip", volumes: ["geo:/data:ro"] }
volumes: { geo: }
`,
    roles: { geo: 'companion', web: 'web 3000' },
  },
  {
    title: 'one service that exposes and publishes nothing else',
    compose: 'services: { site: { build: ., expose: ["8080"] } }',
    roles: { site: 'web 8080' },
  },
  {
    title: 'workers alone',
    compose: 'services: { bot: { build: . }, mailer: { build: . } }',
    roles: { bot: 'worker', mailer: 'worker' },
  },
  {
    title: 'jobs by deploy.mode',
    compose: `
services:
  web: { build: ., ports: ["3000:3000"] }
  import: { build: ., deploy: { mode: replicated-job } }
`,
    roles: { import: 'task', web: 'web 3000' },
  },
  {
    title: 'a port for TLS beside the plain one',
    compose: 'services: { web: { image: caddy, ports: ["80:80", "443:443", "443:443/udp"] } }',
    roles: { web: 'web 80' },
  },
  {
    title: 'roles as slipway.yml says',
    compose: `
services:
  a: { build: ., ports: ["1000:1000"] }
  b: { build: ., ports: ["2000:2000"] }
  c: { build: . }
  d: { build: . }
`,
    yml: 'route: { service: b, port: 2222 }\nservices: { a: { role: worker }, c: { role: companion }, d: { role: shared } }',
    roles: { a: 'worker', b: 'web 2222', c: 'companion', d: 'shared' },
    findings: ['app/fixed-port'],
  },
  {
    title: 'a role of web instead of a route',
    compose: 'services: { one: { build: ., ports: ["1:1"] }, two: { build: ., ports: ["2"] } }',
    yml: 'services: { two: { role: web } }',
    roles: { one: 'worker', two: 'web 2' },
  },
];

describe('services get their roles', () => {
  test.each(apps)('$title', ({ compose, yml, roles, findings }) => {
    const result = classified(compose, yml);
    expect(rolesOf(result)).toEqual(roles);
    expect(result.findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code)).toEqual(
      findings ?? [],
    );
    expect(result.services.every(({ reason }) => reason !== '')).toBe(true);
  });

  test('with a reason each', () => {
    const { services } = classified(apps[1]?.compose ?? '');
    expect(Object.fromEntries(services.map(({ name, reason }) => [name, reason]))).toEqual({
      celery: 'it is named like a worker, and opens no port',
      'celery-beat': 'it is named like a worker, and opens no port',
      db: 'its image is a database',
      flower: 'it holds port 5555 of the host, which two cannot, and no other service talks to it',
      migrate: '"web" waits for its end',
      redis: 'its image is a store in memory',
      web: 'of those that publish ports its name says it',
    });
  });

  test('and start after what they wait for: their own revision first, then what is shared', () => {
    const { services } = classified(`
services:
  web: { build: ., ports: ["1:1"], depends_on: [db, api, migrate] }
  api: { build: ., expose: [2], depends_on: { db: { condition: service_healthy }, migrate: { condition: service_completed_successfully } } }
  migrate: { build: ., depends_on: [db] }
  db: { image: postgres, healthcheck: { test: "true" }, depends_on: [init-less] }
  init-less: { image: redis }
`);
    expect(Object.fromEntries(services.map(({ name, after }) => [name, after]))).toEqual({
      web: ['api', 'db'],
      api: ['db'],
      migrate: ['db'],
      db: ['init-less'],
      'init-less': [],
    });
  });

  test('and only workers that slipway.yml names run twice', () => {
    const compose = 'services: { web: { build: ., ports: ["1:1"] }, one: { build: . }, two: { build: . } }';
    const { services } = classified(compose, 'services: { two: { overlap: true } }');
    expect(services.filter(({ overlap }) => overlap).map(({ name }) => name)).toEqual(['web', 'two']);
  });
});

function resolved(compose: string, environment = '', env: Record<string, string> = {}): ComposeApp {
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: `environments: { production: { ${environment} } }` },
    fallbackName: 'shop',
  });
  if (!app.ok || !app.value.environments[0]) throw new Error('no app');
  const result = composeFor({
    app: app.value,
    environment: app.value.environments[0],
    sources: { read: (path) => (path === 'compose.yml' ? compose : null) },
    env,
  });
  if (!result.ok) throw new Error(result.findings.map(({ message }) => message).join('\n'));
  return result.value;
}

describe('an app by Compose in an environment', () => {
  const web = (deploy: string, more = '') =>
    `services: { web: { build: ., ports: ["1:1"], deploy: { ${deploy} } ${more} } }`;

  test('has the copies that slipway.yml says, else those of the Compose file, else one', () => {
    const copies = (app: ComposeApp) => app.services.map(({ replicas }) => replicas);
    expect(copies(resolved(web('replicas: 3')))).toEqual([3]);
    expect(copies(resolved(web('replicas: 3'), 'replicas: { web: 2 }'))).toEqual([2]);
    expect(copies(resolved(web('mode: replicated')))).toEqual([1]);
    expect(copies(resolved('services: { web: { build: ., ports: ["1:1"], scale: 2 } }'))).toEqual([2]);
  });

  test('moves traffic by deploy.update_config, where slipway.yml says nothing', () => {
    const strategy = (deploy: string, environment = '') =>
      resolved(web(deploy), environment).environment.strategy;
    expect(strategy('replicas: 4')).toMatchObject({ kind: 'blue-green' });
    const rolling = 'replicas: 4, update_config: { parallelism: 2, delay: 5s, order: start-first }';
    expect(strategy(rolling)).toEqual({ kind: 'rolling', batch: 2, unavailable: 0, pauseMs: 5000 });
    expect(strategy(rolling, 'strategy: canary')).toMatchObject({ kind: 'canary' });
    const stopFirst = 'replicas: 2, update_config: { parallelism: 1, order: stop-first }';
    expect(strategy(stopFirst)).toMatchObject({ kind: 'rolling', batch: 1, unavailable: 1 });
    // One copy that stops first would leave nobody.
    expect(strategy('update_config: { parallelism: 1, order: stop-first }')).toMatchObject({
      kind: 'blue-green',
    });
    expect(strategy('replicas: 4, update_config: { parallelism: 0 }')).toMatchObject({ kind: 'blue-green' });
  });

  test('is watched for as long as deploy.update_config.monitor asks, where slipway.yml says nothing', () => {
    const bake = (deploy: string, environment = '') => resolved(web(deploy), environment).environment.bakeMs;
    expect(bake('update_config: { monitor: 2m }')).toBe(120_000);
    expect(bake('update_config: { monitor: 2s }')).toBe(10_000);
    expect(bake('update_config: { parallelism: 1 }')).toBe(10_000);
    expect(bake('update_config: { monitor: 2m }', 'bake: 30s')).toBe(30_000);
  });

  test('waits for a healthcheck as long as that asks for', () => {
    const deadline = (healthcheck: string, environment = '') =>
      resolved(web('mode: replicated', `, healthcheck: ${healthcheck}`), environment).environment.health
        .deadlineMs;
    expect(deadline('{ test: "true", interval: 1s, timeout: 1s, retries: 3 }')).toBe(60_000);
    expect(deadline('{ test: "true", interval: 10s, timeout: 5s, retries: 8, start_period: 1m }')).toBe(
      180_000,
    );
    expect(deadline('{ test: "true" }')).toBe(180_000);
    expect(deadline('{ test: "true" }', 'health: { deadline: 20s }')).toBe(20_000);
    expect(deadline('{ disable: true }')).toBe(60_000);
  });

  test.each([
    ['a backend, before the web service has its own minute', 'api: { build: api, expose: ["4000"]', 285_000],
    ['a database', 'api: { image: "postgres:16"', 225_000],
    ['a worker, which no rollout waits for', 'worker: { build: api', 60_000],
  ])('waits as long for the healthcheck of %s', (_, service, expected) => {
    const needs = service.startsWith('api') ? ', depends_on: { api: { condition: service_healthy } }' : '';
    const check = '{ test: "true", start_period: 120s, interval: 5s }';
    const deadline = (environment = '') =>
      resolved(
        `services: { web: { build: ., ports: ["1:1"]${needs} }, ${service}, healthcheck: ${check} } }`,
        environment,
      ).environment.health.deadlineMs;
    expect(deadline()).toBe(expected);
    expect(deadline('health: { path: /ready }')).toBe(expected);
    expect(deadline('health: { deadline: 20s }')).toBe(20_000);
  });

  test('has hosts only if a service gets traffic', () => {
    expect(resolved(web('replicas: 1')).environment.hosts).toEqual(['shop.localhost']);
    expect(resolved('services: { bot: { build: . } }').environment.hosts).toEqual([]);
  });

  test('is filled with its variables, markers in place of secrets', () => {
    const { project } = resolved(
      'services: { web: { image: "a:${TAG}", ports: ["1:1"], environment: { KEY: } } }',
      '',
      {
        TAG: '7',
        KEY: '⟦secret:KEY⟧',
      },
    );
    expect(project.services[0]).toMatchObject({ image: 'a:7', environment: { KEY: '⟦secret:KEY⟧' } });
  });
});

test('a command of slipway.yml migrates in the image of the service that gets traffic, after the tasks of the file', () => {
  const app = parseApp({
    rootFiles: ['compose.yml'],
    slipwayYml: { file: 'slipway.yml', text: 'migration: { command: npm run migrate }' },
    fallbackName: 'shop',
  });
  const environment = app.ok ? app.value.environments[0] : undefined;
  if (!app.ok || !environment) throw new Error('no app');
  const compose =
    'services: { web: { build: ., ports: ["1:1"] }, setup: { build: ., deploy: { mode: replicated-job } } }';
  const result = composeFor({
    app: app.value,
    environment,
    sources: { read: (path) => (path === 'compose.yml' ? compose : null) },
    env: {},
  });
  expect(result).toMatchObject({
    ok: true,
    value: {
      tasks: [
        { name: 'setup', command: '' },
        { name: 'web', command: 'npm run migrate' },
      ],
    },
  });
});

test('every mixture of services gets a role each, or a question with its way out; nothing throws', () => {
  const some = <T>(...values: T[]) => fc.constantFrom(...values);
  const service = fc.record(
    {
      image: some('postgres:16', 'acme/tool', 'redis', 'ghcr.io/acme/shop:1'),
      build: some('.', 'api'),
      ports: some(['80:3000'], ['3000'], ['443:443'], ['9000:9000', '9001:9001']),
      expose: some(['4000'], ['1', '2']),
      volumes: some(['data:/data'], ['data:/data:ro']),
      restart: some('no', 'always'),
      depends_on: fc.subarray(['web', 'api', 'worker', 'db']),
      network_mode: some('host'),
    },
    { requiredKeys: ['build'] },
  );
  const services = fc.dictionary(some('web', 'api', 'worker', 'db', 'migrate', 'seed'), service, {
    minKeys: 1,
  });
  fc.assert(
    fc.property(services, (drawn) => {
      const earlier = (name: string) => Object.keys(drawn).slice(0, Object.keys(drawn).indexOf(name));
      const written = Object.fromEntries(
        Object.entries(drawn).map(([name, one]) => [
          name,
          { ...one, depends_on: (one.depends_on ?? []).filter((other) => earlier(name).includes(other)) },
        ]),
      );
      const compose = JSON.stringify({ services: written, volumes: { data: null } });
      const loaded = loadCompose({
        files: ['compose.yml'],
        sources: { read: (path) => (path === 'compose.yml' ? compose : null) },
        env: {},
        profiles: [],
      });
      fc.pre(loaded.ok);
      const result = classified(compose);
      expect(result.services.map(({ name }) => name).sort()).toEqual(Object.keys(written).sort());
      expect(result.services.filter(({ role }) => role === 'web').length).toBeLessThanOrEqual(1);
      const sure = result.findings.every(({ severity }) => severity !== 'error');
      const routed = result.services.find(({ role }) => role === 'web');
      if (sure) expect(result.web?.service).toBe(routed?.name);
      // Nothing waits for what starts later than itself, and state is never doubled.
      for (const { role, overlap, after, reason } of result.services) {
        const roles = after.map((name) => result.services.find((one) => one.name === name)?.role);
        expect(reason).not.toBe('');
        if (role === 'shared' || role === 'task')
          expect(overlap || roles.some((one) => one !== 'shared')).toBe(false);
        else if (role !== 'worker') expect(roles).not.toContain('worker');
      }
      expect(result.findings.every(({ help }) => help !== undefined)).toBe(true);
    }),
    { numRuns: 150 },
  );
}, 60_000);
