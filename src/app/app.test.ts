import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parse } from 'yaml';
import {
  defaultEnvironments,
  environmentsFor,
  formatDuration,
  judgeLevels,
  parseApp,
  parseDuration,
  slipwaySchema,
} from './index.ts';
import type { App, AppFiles } from './index.ts';

const root = join(import.meta.dirname, '../..');
const procfile = {
  file: 'Procfile',
  text: 'web: node server.js\nworker: node worker.js\nrelease: node migrate.js\n',
};

function app(slipwayYml: string): App {
  const result = parseApp({
    procfile,
    slipwayYml: { file: 'slipway.yml', text: slipwayYml },
    fallbackName: 'shop',
  });
  if (!result.ok) throw new Error(result.findings.map((finding) => finding.message).join('\n'));
  return result.value;
}

const everything = `
name: medianest
kind: procfile
migration: { irreversible: true, two-releases: true }
route: { host: medianest.example.com }
release: { artifact: dist, install: false }
environments:
  production:
    branches: main
    promote-from: staging
    host: [media.example.com, "*"]
    env: { LOG_LEVEL: debug, VERSION: 1.10, STRICT: true, ZERO: 0x10 }
    vars: { REGION: north }
    env-file: /etc/medianest.env
    secrets: [TOKEN]
    replicas: { web: 3, worker: 0 }
    strategy: { rolling: { batch: 2, unavailable: 1, pause: 5s } }
    reviewers: [ana, ben]
    prevent-self-review: true
    wait-timer: 15m
    windows: ["Mon-Fri 09:00-17:00 Europe/Berlin", "Sat,Sun 22:00-02:00"]
    deadline: 2h
    smoke: [{ path: /login }, { path: /admin, status: 401 }]
    health: { path: /ready, interval: 500ms, timeout: 1s, successes: 3, deadline: 2m }
    drain-timeout: 0s
    bake: 5m
    rollback-window: 24h
    overlap: [worker]
    rate-limit: { per-minute: 600, burst: 50 }
  staging:
`;

const composeEverything = `
name: medianest
compose: { files: [compose.yml, deploy/compose.production.yml], profiles: [production] }
route: { service: web, port: 3000, host: medianest.example.com }
services:
  scheduler: { role: worker, overlap: false }
  cache: { role: companion }
migration: { irreversible: true, command: npm run migrate }
environments:
  staging:
    strategy: canary
    health: { tcp: true }
  preview:
    strategy: { blue-green: { preview: true, hold: approval } }
    health: { command: bin/ready }
  production:
    strategy:
      canary:
        steps: [10%, { weight: 30%, hold: 10m }, { weight: 50%, hold: approval, flags: { new-cart: on } }, 100%]
        hold: 2m
        sticky: false
        testers: { header: "X-Canary: yes", cookie: canary=yes }
        judge: { error-rate: "< 0.1%", p95: "< 200ms", min-requests: 100 }
      bake: 10m
`;

describe('a Compose app', () => {
  const compose = (text: string, more: { rootFiles?: string[]; procfile?: typeof procfile } = {}) => {
    const result = parseApp({
      slipwayYml: { file: 'slipway.yml', text },
      rootFiles: more.rootFiles ?? ['compose.yml'],
      procfile: more.procfile,
      fallbackName: 'shop',
    });
    if (!result.ok) throw new Error(result.findings.map((finding) => finding.message).join('\n'));
    return result.value;
  };

  test('needs nothing but a Compose file that Docker would take, or a .env that names others', () => {
    const files = (more: Partial<AppFiles>) => {
      const result = parseApp({ fallbackName: 'shop', ...more });
      return result.ok ? result.value.compose?.files : 'no app';
    };
    expect(files({ rootFiles: ['docker-compose.yml'] })).toBeNull();
    expect(files({ rootFiles: ['compose.override.yml'] })).toBe('no app');
    expect(files({ dotEnv: '# ours\nCOMPOSE_FILE=deploy/compose.yml\n' })).toBeNull();
    expect(files({ dotEnv: '# COMPOSE_FILE=deploy/compose.yml\n' })).toBe('no app');
    expect(compose('')).toMatchObject({ kind: 'compose', processes: [], webProcess: null, services: {} });
    expect(compose('').environments[0]?.hosts).toEqual(['shop.localhost']);
  });

  test('wins over a start script, and is asked for where there is a Procfile as well', () => {
    const rootFiles = ['compose.yml'];
    const packageJson = '{ "scripts": { "start": "node ." } }';
    expect(parseApp({ packageJson, rootFiles, fallbackName: 'x' })).toMatchObject({
      ok: true,
      value: { kind: 'compose' },
      warnings: [],
    });
    expect(compose('kind: compose', { procfile })).toMatchObject({ kind: 'compose', processes: [] });
    expect(compose('kind: procfile', { procfile })).toMatchObject({ kind: 'procfile', compose: null });
    expect(parseApp({ procfile, rootFiles, fallbackName: 'x' })).toMatchObject({ ok: false });
  });

  test('says everything it can in slipway.yml', () => {
    const { environments, ...app } = compose(composeEverything);
    expect(app).toMatchObject({
      compose: { files: ['compose.yml', 'deploy/compose.production.yml'], profiles: ['production'] },
      route: { service: 'web', port: 3000 },
      services: { scheduler: { role: 'worker', overlap: false }, cache: { role: 'companion' } },
    });
    const [staging, preview, production] = environments;
    const minute = { kind: 'timer', ms: 60_000 };
    expect(staging).toMatchObject({
      unwritten: ['health.deadline', 'bake'],
      strategy: {
        kind: 'canary',
        steps: [
          { weightPercent: 10, hold: minute },
          { weightPercent: 50, hold: minute },
          { weightPercent: 100, hold: { kind: 'none' } },
        ],
        sticky: true,
        testers: null,
      },
      judge: judgeLevels.balanced,
      health: { probe: 'tcp' },
      migration: { irreversible: true, twoReleases: false, command: 'npm run migrate' },
    });
    expect(preview).toMatchObject({
      strategy: { kind: 'blue-green', preview: true, hold: { kind: 'approval' } },
      health: { probe: 'command', command: 'bin/ready' },
    });
    expect(production).toMatchObject({
      unwritten: ['health.deadline'],
      strategy: {
        steps: [
          { weightPercent: 10, hold: { kind: 'timer', ms: 120_000 } },
          { weightPercent: 30, hold: { kind: 'timer', ms: 600_000 } },
          { weightPercent: 50, hold: { kind: 'approval' }, flags: { 'new-cart': 'on' } },
          { weightPercent: 100, hold: { kind: 'none' } },
        ],
        sticky: false,
        testers: {
          header: { name: 'x-canary', value: 'yes' },
          cookie: { name: 'canary', value: 'yes' },
        },
      },
      judge: { errorRate: 0.001, p95Ms: 200, minRequests: 100 },
      bakeMs: 600_000,
    });
  });

  test('may set PORT, since nothing else does', () => {
    const { environments } = compose('environments: { production: { env: { PORT: 8080 } } }');
    expect(environments[0]?.env).toEqual({ PORT: '8080' });
  });
});

describe('an app', () => {
  test('without slipway.yml is one production environment, from the default branch, with every default', () => {
    const result = parseApp({ procfile, fallbackName: '@acme/My Shop', defaultBranch: 'trunk' });
    expect(result).toEqual({
      ok: true,
      warnings: [],
      value: {
        name: 'my-shop',
        kind: 'procfile',
        compose: null,
        route: { service: null, port: null },
        services: {},
        processes: [
          expect.objectContaining({ name: 'web', command: 'node server.js' }),
          expect.objectContaining({ name: 'worker', command: 'node worker.js' }),
        ],
        webProcess: 'web',
        releaseCommand: 'node migrate.js',
        release: { artifact: null, install: null },
        vars: {},
        environments: [
          {
            name: 'production',
            unwritten: ['strategy', 'health.deadline', 'bake'],
            branches: ['trunk'],
            promoteFrom: null,
            hosts: ['my-shop.localhost'],
            machines: ['here'],
            env: {},
            vars: {},
            envFile: null,
            secrets: [],
            replicas: {},
            strategy: { kind: 'blue-green', preview: false, hold: { kind: 'none' } },
            health: {
              probe: 'http',
              command: null,
              path: null,
              intervalMs: 250,
              probeTimeoutMs: 2000,
              successes: 2,
              deadlineMs: 60_000,
            },
            drainTimeoutMs: 30_000,
            bakeMs: 10_000,
            rollbackWindowMs: 3_600_000,
            overlap: [],
            rateLimit: null,
            rules: {
              reviewers: [],
              preventSelfReview: false,
              waitTimerMs: 0,
              windows: [],
              deadlineMs: null,
            },
            checks: { before: [], after: [] },
            smoke: [],
            judge: null,
            migration: { irreversible: false, twoReleases: false, command: null },
          },
        ],
      },
    });
  });

  test('says everything it can in slipway.yml', () => {
    const { environments } = app(everything.replace(/^route.*\n/m, ''));
    expect(environments.map(({ name, hosts }) => [name, hosts])).toEqual([
      ['staging', ['staging.medianest.localhost']],
      ['production', ['media.example.com', '*']],
    ]);
    expect(environments[1]).toEqual({
      name: 'production',
      unwritten: [],
      checks: { before: [], after: [] },
      branches: ['main'],
      promoteFrom: 'staging',
      hosts: ['media.example.com', '*'],
      machines: ['here'],
      env: { LOG_LEVEL: 'debug', VERSION: '1.10', STRICT: 'true', ZERO: '0x10' },
      vars: { REGION: 'north' },
      envFile: '/etc/medianest.env',
      secrets: ['TOKEN'],
      replicas: { web: 3, worker: 0 },
      strategy: { kind: 'rolling', batch: 2, unavailable: 1, pauseMs: 5000 },
      health: {
        probe: 'http',
        command: null,
        path: '/ready',
        intervalMs: 500,
        probeTimeoutMs: 1000,
        successes: 3,
        deadlineMs: 120_000,
      },
      drainTimeoutMs: 0,
      bakeMs: 300_000,
      rollbackWindowMs: 86_400_000,
      overlap: ['worker'],
      rateLimit: { perMinute: 600, burst: 50 },
      rules: {
        reviewers: ['ana', 'ben'],
        preventSelfReview: true,
        waitTimerMs: 900_000,
        windows: [
          {
            text: 'Mon-Fri 09:00-17:00 Europe/Berlin',
            days: [1, 2, 3, 4, 5],
            fromMinute: 540,
            toMinute: 1020,
            timeZone: 'Europe/Berlin',
          },
          { text: 'Sat,Sun 22:00-02:00', days: [6, 7], fromMinute: 1320, toMinute: 120, timeZone: 'UTC' },
        ],
        deadlineMs: 7_200_000,
      },
      smoke: [
        { path: '/login', status: 200 },
        { path: '/admin', status: 401 },
      ],
      judge: null,
      migration: { irreversible: true, twoReleases: true, command: null },
    });
  });

  test('takes the host of its route for production', () => {
    const { environments } = app('route: { host: a.example.com }\nenvironments: { staging: , production: }');
    expect(environments.map(({ hosts }) => hosts)).toEqual([['staging.shop.localhost'], ['a.example.com']]);
    expect(app('route: { host: [a.example.com] }').environments[0]?.hosts).toEqual(['a.example.com']);
  });

  test.each(['', '# nothing\n', '---\n', 'name:\n  shop\n'])('accepts %j as slipway.yml', (text) => {
    expect(app(text).environments).toHaveLength(1);
  });

  test('reads anchors and aliases like the values they stand for', () => {
    const { environments } = app('environments:\n  a: { health: &h { path: /up } }\n  b: { health: *h }\n');
    expect(environments[1]?.health.path).toBe('/up');
  });

  test('without Procfile starts with the start script, and says so', () => {
    const packageJson = '{\n\t"name": "shop",\n\t"scripts": {\n\t\t"start": "node ."\n\t}\n}\n';
    const result = parseApp({ packageJson, fallbackName: 'shop' });
    expect(result).toMatchObject({
      ok: true,
      value: { webProcess: 'web', processes: [{ name: 'web', command: 'npm start' }] },
      warnings: [{ code: 'app/start-script', severity: 'note', at: { start: { line: 4, column: 3 } } }],
    });
  });

  test('without a web process has no hosts', () => {
    const worker = { file: 'Procfile', text: 'worker: node worker.js\r\n' };
    expect(parseApp({ procfile: worker, fallbackName: 'shop' })).toMatchObject({
      ok: true,
      value: { webProcess: null, environments: [{ hosts: [] }], processes: [{ command: 'node worker.js' }] },
    });
  });

  test('is read without a throw, whatever its files hold', () => {
    const line = fc.oneof(
      fc.constantFrom('environments:', '  production:', '    bake: 1', '- &a', '*a', '? {', 'web: x'),
      fc.string(),
    );
    const text = fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, text, (slipwayYml, procfileText, packageJson) => {
        const result = parseApp({
          procfile: { file: 'Procfile', text: procfileText },
          slipwayYml: { file: 'slipway.yml', text: slipwayYml },
          packageJson,
          fallbackName: 'x',
        });
        expect(typeof result.ok).toBe('boolean');
      }),
      { numRuns: 300 },
    );
  });
});

test('the example app is understood, without a warning', () => {
  const read = (file: string) => ({
    file,
    text: readFileSync(join(root, 'examples/medianest', file), 'utf8'),
  });
  const result = parseApp({ procfile: read('Procfile'), slipwayYml: read('slipway.yml'), fallbackName: 'x' });
  expect(result).toMatchObject({ ok: true, warnings: [], value: { name: 'medianest' } });
});

describe('environments of a branch', () => {
  const matches = (patterns: string[], branch: string) => patterns.includes(branch);

  test('come in promotion order, and an environment without branches takes every branch', () => {
    const { environments } = app(
      'environments: { c: { promote-from: b, branches: main }, d: , b: { promote-from: a }, a: { branches: [main, dev] } }',
    );
    const names = (branch: string) =>
      environmentsFor({ environments }, branch, matches).map(({ name }) => name);
    expect(names('main')).toEqual(['d', 'a', 'b', 'c']);
    expect(names('dev')).toEqual(['d', 'a', 'b']);
    expect(names('feature')).toEqual(['d', 'b']);
  });

  test('take the default branch literally, even when its name looks like a pattern', () => {
    expect(defaultEnvironments('shop', 'feature/[x]+*')[0]?.branches).toEqual([
      String.raw`feature/\[x\]\+\*`,
    ]);
  });
});

describe('durations', () => {
  test('are written the way they are read', () => {
    fc.assert(
      fc.property(fc.nat(31_000_000_000), (ms) => {
        expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, ms });
      }),
    );
    expect([0, 250, 90_000, 300_000, 3_600_000].map(formatDuration)).toEqual([
      '0s',
      '250ms',
      '90s',
      '5m',
      '1h',
    ]);
  });

  test.each(['', '-5s', '1h30m', '5S', '1e3s', '٣s', '5 s', '0.5s', 's'])('refuse %j', (text) => {
    expect(parseDuration(text).ok).toBe(false);
  });
});

describe('docs/slipway.schema.json', () => {
  const published = JSON.parse(readFileSync(join(root, 'docs/slipway.schema.json'), 'utf8')) as object;

  test('is the table that slipway.yml is read with; "node scripts/write-schema.ts" writes it', () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(slipwaySchema)));
  });

  test('accepts what is accepted and refuses what is refused', () => {
    const schema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0]);
    const valid = (text: string) => schema.safeParse(parse(text)).success;
    expect(valid(everything)).toBe(true);
    expect(valid(composeEverything)).toBe(true);
    expect(valid(readFileSync(join(root, 'examples/medianest/slipway.yml'), 'utf8'))).toBe(true);
    const wrong = [
      'nam: x',
      'name: X',
      'environments: []',
      'environments: { a: { bake: 10 } }',
      'environments: { a: { strategy: purple } }',
      'environments: { a: { strategy: { canary: {}, rolling: {} } } }',
      'environments: { a: { strategy: { canary: { steps: [10] } } } }',
      'environments: { a: { strategy: { canary: { steps: [{ hold: 1m }] } } } }',
      'environments: { a: { strategy: { canary: { steps: [{ weight: 100%, flags: { new-cart: true } }] } } } }',
      'environments: { a: { strategy: { canary: { judge: { p95: 5ms } } } } }',
      'environments: { a: { judge: thorough } }',
      'environments: { a: { judge: {} } }',
      'environments: { a: { judge: { metrics: [{ resource: memory, below: 512 }] } } }',
      'environments: { a: { judge: { metrics: [{ below: 512 }] } } }',
      'environments: { a: { judge: { metrics: [{ log: ERROR, timeout: 5s, below: 1 }] } } }',
      'environments: { a: { judge: { probes: { requests: [] } } } }',
      'environments: { a: { windows: [weekdays] } }',
      'environments: { a: { reviewers: ana } }',
      'compose: { files: [../compose.yml] }',
      'services: { db: { role: singleton } }',
      'route: { port: 0 }',
      'environments: { a: { strategy: {} } }',
      'environments: { a: { replicas: { web: -1 } } }',
      'environments: { a: { health: { path: x } } }',
      'environments: { a: { ttl: 1h } }',
    ];
    expect(wrong.filter(valid)).toEqual([]);
  });
});
