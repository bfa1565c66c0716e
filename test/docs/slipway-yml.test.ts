import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaults, formatDuration, slipwaySchema } from '../../src/app/index.ts';

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
}

test('every key of slipway.yml is documented, and no key that is none', () => {
  const environments = (slipwaySchema as Schema).properties?.['environments'];
  const environment = environments?.additionalProperties;
  if (typeof environment !== 'object') throw new Error('the schema has lost its environments');
  const top = keysOf(slipwaySchema as Schema).filter((key) => !key.startsWith('environments.'));
  expect([...documented.keys()].sort()).toEqual([...new Set([...top, ...keysOf(environment)])].sort());
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
    'strategy.canary.judge.min-requests': shown('strategy.canary.judge.min-requests'),
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
    'strategy.canary.judge.min-requests': code(String(defaults.minRequests)),
  });
  expect(shown('replicas')).toContain(code(String(defaults.replicas)));
  expect(health.path).toBeNull();
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
