import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaults, formatDuration, judgeLevels, slipwaySchema } from '../../src/app/index.ts';

/** Default by key, as the tables of docs/slipway-yml.md say it. */
const documented = new Map(
  [
    ...readFileSync('docs/slipway-yml.md', 'utf8').matchAll(/^\| `([a-z0-9.-]+)`\s*\| (.*?)\s*\| .*\|$/gm),
  ].map(([, key = '', value = '']) => [key, value]),
);

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  items?: Schema;
  $defs?: Record<string, Schema>;
}

test('every key of slipway.yml is documented, and no key that is none', () => {
  const environments = (slipwaySchema as Schema).properties?.['environments'];
  const environment = environments?.additionalProperties;
  if (typeof environment !== 'object') throw new Error('the schema has lost its environments');
  const top = keysOf(slipwaySchema as Schema).filter((key) => !key.startsWith('environments.'));
  const judge = (slipwaySchema as Schema).$defs?.['judge'] ?? {};
  const metric = judge.anyOf?.[1]?.properties?.['metrics']?.items ?? {};
  const keys = [...top, ...keysOf(environment), ...keysOf({ properties: { judge } })];
  const ofMetrics = keysOf({ properties: { 'judge.metrics': metric } });
  expect([...documented.keys()].sort()).toEqual([...new Set([...keys, ...ofMetrics])].sort());
});

test('the defaults that are documented are those of the code', () => {
  const { health } = defaults;
  const shown = (key: string) => documented.get(key) ?? '';
  expect({
    'health.interval': shown('health.interval'),
    'health.timeout': shown('health.timeout'),
    'health.successes': shown('health.successes'),
    'health.deadline': shown('health.deadline'),
    'drain-timeout': shown('drain-timeout'),
    bake: shown('bake'),
    'rollback-window': shown('rollback-window'),
    strategy: shown('strategy'),
    'strategy.rolling.batch': shown('strategy.rolling.batch'),
    'strategy.canary.steps': shown('strategy.canary.steps'),
    'strategy.canary.hold': shown('strategy.canary.hold'),
    'strategy.canary.judge': shown('strategy.canary.judge'),
    'judge.level': shown('judge.level'),
    'judge.min-requests': shown('judge.min-requests'),
    'judge.proven-below': shown('judge.proven-below'),
    'judge.warm-up': shown('judge.warm-up'),
    'judge.stall': shown('judge.stall'),
    'judge.metrics.timeout': shown('judge.metrics.timeout'),
    'judge.metrics.every': shown('judge.metrics.every'),
    'judge.metrics.failures': shown('judge.metrics.failures'),
    'judge.probes.per-minute': shown('judge.probes.per-minute'),
  }).toEqual({
    'health.interval': code(formatDuration(health.intervalMs)),
    'health.timeout': code(formatDuration(health.probeTimeoutMs)),
    'health.successes': code(String(health.successes)),
    'health.deadline': code(formatDuration(health.deadlineMs)),
    'drain-timeout': code(formatDuration(defaults.drainTimeoutMs)),
    bake: code(formatDuration(defaults.bakeMs)),
    'rollback-window': code(formatDuration(defaults.rollbackWindowMs)),
    strategy: code(defaults.strategy),
    'strategy.rolling.batch': code(String(defaults.rollingBatch)),
    'strategy.canary.steps': code(`[${defaults.canaryWeights.map((weight) => `${weight}%`).join(', ')}]`),
    'strategy.canary.hold': code(formatDuration(defaults.canaryHoldMs)),
    'strategy.canary.judge': code(defaults.judge),
    'judge.level': code(defaults.judge),
    'judge.min-requests': code(String(defaults.minRequests)),
    'judge.proven-below': code(`${judgeLevels[defaults.judge].provenBelow * 100}%`),
    'judge.warm-up': code(formatDuration(judgeLevels[defaults.judge].warmUpMs)),
    'judge.stall': code(formatDuration(judgeLevels[defaults.judge].stallMs)),
    'judge.metrics.timeout': code(formatDuration(defaults.metricCommandMs)),
    'judge.metrics.every': code(formatDuration(defaults.metricIntervalMs)),
    'judge.metrics.failures': code(String(defaults.metricFailures)),
    'judge.probes.per-minute': code(String(defaults.probesPerMinute)),
  });
  expect(shown('replicas')).toContain(code(String(defaults.replicas)));
  expect(health.path).toBeNull();
});

test('what is documented of a level of the judge is what it stands for', () => {
  const rows = [
    ...readFileSync('docs/slipway-yml.md', 'utf8').matchAll(
      /^\| `judge: (\w+)` +\| at most ([0-9.]+)% of rollouts +\| `([a-z-]+)` +\|$/gm,
    ),
  ].map(([, level, falseAlarm, undecided]) => [level, Number(falseAlarm) / 100, undecided]);
  expect(rows).toEqual(
    Object.values(judgeLevels).map(({ level, falseAlarm, undecided }) => [level, falseAlarm, undecided]),
  );
});

const code = (text: string) => `\`${text}\``;

/** The keys that hold a value, with the path to them; `strategy` is both a value and a mapping. */
function keysOf(schema: Schema, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const choices = (child.anyOf ?? []).filter(({ properties }) => properties);
    if (choices.length > 0) return [key, ...choices.flatMap((choice) => keysOf(choice, key))];
    return child.properties ? keysOf(child, key) : [key];
  });
}
