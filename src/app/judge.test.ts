import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { judgeLevels, parseApp, slipwaySchema } from './index.ts';
import type { JudgeDefinition } from './index.ts';

function parsed(environment: string) {
  const text = `environments:\n  production: ${environment}\n`;
  const result = parseApp({
    procfile: { file: 'Procfile', text: 'web: node server.js\n' },
    slipwayYml: { file: 'slipway.yml', text },
    fallbackName: 'shop',
  });
  if (!result.ok) throw new Error(result.findings.map(({ message }) => message).join('\n'));
  return { judge: result.value.environments[0]?.judge, warnings: result.warnings, text };
}

const judgeOf = (environment: string) => parsed(environment).judge;

test('a canary is judged as by "balanced", and other strategies are not judged', () => {
  expect(judgeOf('{ strategy: canary }')).toEqual(judgeLevels.balanced);
  expect(judgeOf('{ strategy: { canary: { steps: [10%, 100%] } } }')).toEqual(judgeLevels.balanced);
  expect(judgeOf('{ strategy: rolling }')).toBeNull();
  expect(judgeOf('{ strategy: blue-green }')).toBeNull();
  expect(judgeOf('{ bake: 1m }')).toBeNull();
});

test('"off" is no judge, wherever it stands', () => {
  expect(judgeOf('{ strategy: { canary: { judge: off } } }')).toBeNull();
  expect(judgeOf('{ strategy: canary, judge: off }')).toBeNull();
  expect(judgeOf('{ judge: "off" }')).toBeNull();
});

test.each(['careful', 'balanced', 'fast'] as const)('"%s" stands for its numbers', (level) => {
  expect(judgeOf(`{ judge: ${level} }`)).toEqual(judgeLevels[level]);
  expect(judgeOf(`{ strategy: rolling, judge: ${level} }`)).toEqual(judgeLevels[level]);
  expect(judgeOf(`{ strategy: { canary: { judge: ${level} } } }`)).toEqual(judgeLevels[level]);
  expect(judgeOf(`{ judge: { level: ${level} } }`)).toEqual(judgeLevels[level]);
});

test('a number that is written holds, and the others are those of the level', () => {
  expect(judgeOf('{ judge: { error-rate: "< 2%" } }')).toEqual({
    ...judgeLevels.balanced,
    errorRate: 0.02,
  });
  expect(judgeOf('{ judge: { level: careful, undecided: ask, false-alarm: 20% } }')).toEqual({
    ...judgeLevels.careful,
    undecided: 'ask',
    falseAlarm: 0.2,
  });
});

const everything = `
    strategy: rolling
    judge:
      level: fast
      error-rate: "< 0.1%"
      p95: "< 200ms"
      min-requests: 80
      false-alarm: 0.5%
      proven-below: 2%
      warm-up: 0s
      stall: 2s
      undecided: hold
      metrics:
        - name: errors
          prometheus: https://metrics.example.com/prometheus
          query: 'sum(rate(errors{revision="$revision"}[1m]))'
          above: -1
          below: 0.5
          times: 2
          every: 30s
          failures: 1
        - { http: 'http://127.0.0.1:9100/$revision', json: queue.depth, times: 1 }
        - { command: 'bin/depth $app $environment "$revision"', timeout: 3s, times: 1.5 }
        - { log: 'ERROR|FATAL', below: 3 }
        - { resource: memory, below: 1.5G, times: 1.25 }
        - { resource: cpu, below: 20ms }
      probes:
        per-minute: 60
        requests:
          - { path: /login, headers: { Content-Type: text/html }, body: Welcome }
          - { path: /api/health, json: { database.up: true } }
`;

test('everything that can be said of a judge is read', () => {
  const usual = { below: null, above: null, times: null, intervalMs: 10_000, failures: 3 };
  const expected: JudgeDefinition = {
    level: 'fast',
    errorRate: 0.001,
    p95Ms: 200,
    minRequests: 80,
    falseAlarm: 0.005,
    provenBelow: 0.02,
    warmUpMs: 0,
    stallMs: 2_000,
    undecided: 'hold',
    metrics: [
      {
        name: 'errors',
        source: {
          kind: 'prometheus',
          url: 'https://metrics.example.com/prometheus',
          query: 'sum(rate(errors{revision="$revision"}[1m]))',
        },
        below: 0.5,
        above: -1,
        times: 2,
        intervalMs: 30_000,
        failures: 1,
      },
      {
        ...usual,
        name: 'http',
        source: { kind: 'http', url: 'http://127.0.0.1:9100/$revision', json: 'queue.depth' },
        times: 1,
      },
      {
        ...usual,
        name: 'command',
        source: { kind: 'command', command: 'bin/depth $app $environment "$revision"', timeoutMs: 3000 },
        times: 1.5,
      },
      { ...usual, name: 'log', source: { kind: 'log', pattern: 'ERROR|FATAL' }, below: 3 },
      {
        ...usual,
        name: 'memory',
        source: { kind: 'resource', of: 'memory' },
        below: 1.5 * 1024 ** 3,
        times: 1.25,
      },
      { ...usual, name: 'cpu', source: { kind: 'resource', of: 'cpu' }, below: 20 },
    ],
    probes: {
      perMinute: 60,
      requests: [
        { path: '/login', status: 200, headers: { 'content-type': 'text/html' }, body: 'Welcome', json: {} },
        { path: '/api/health', status: 200, headers: {}, body: null, json: { 'database.up': true } },
      ],
    },
  };
  const { judge, warnings, text } = parsed(everything);
  expect(judge).toEqual(expected);
  expect(warnings).toEqual([]);
  const schema = z.fromJSONSchema(slipwaySchema);
  expect(schema.safeParse(parse(text)).error).toBeUndefined();
});

test('a source that does not tell revisions apart may have bounds, with a warning, and is not compared', () => {
  const { judge, warnings } = parsed(
    '{ judge: { metrics: [{ command: bin/depth "$revisions", below: 100 }] } }',
  );
  expect(judge?.metrics).toHaveLength(1);
  expect(warnings).toEqual([expect.objectContaining({ code: 'app/whole-environment', severity: 'warning' })]);
  expect(() => judgeOf('{ judge: { metrics: [{ command: bin/depth, times: 2 }] } }')).toThrow(
    'environments.production.judge.metrics.times: the command does not name the revision, so it would measure both at once',
  );
});

test.each(['1%', '20%', '0.01%'])('a false alarm of %s is taken', (share) => {
  expect(judgeOf(`{ judge: { false-alarm: ${share} } }`)).toMatchObject({
    falseAlarm: Number.parseFloat(share) / 100,
  });
});
