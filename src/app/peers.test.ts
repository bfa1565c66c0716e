import { expect, test } from 'vitest';
import { parseApp } from './index.ts';

/*
 * Failures that users of other tools have reported to their trackers, as far as they begin in a file: what would be
 * ignored there, or taken for something else, is refused here before anything runs. The numbers are those of the issues.
 */

/** What is said of a slipway.yml whose environment has this. */
function refusals(environment: string): string[] {
  const text = `name: shop\nenvironments:\n  production: ${environment}\n`;
  const result = parseApp({
    procfile: { file: 'Procfile', text: 'web: node server.js\n' },
    slipwayYml: { file: 'slipway.yml', text },
    fallbackName: 'shop',
  });
  return result.ok ? [] : result.findings.map(({ code, message }) => `${code} ${message}`);
}

test('a measure that the judge does not know is refused, so it cannot always pass (flagger 1581)', () => {
  const judged = (bound: string) => refusals(`{ strategy: { canary: { judge: { ${bound} } } } }`);
  expect(judged('error-rate: "< 1%"')).toEqual([]);
  for (const name of ['error-ratio', 'errorRate', 'request-success-rate', 'p99'])
    expect(judged(`error-rate: "< 1%", ${name}: "< 1%"`)).toEqual([
      `app/unknown-key "${name}" is not a key of environments.production.strategy.canary.judge`,
    ]);
  expect(judged('')).toEqual([expect.stringContaining('app/empty')]);
});

test('a metric from a source that there is not is refused, never taken for another (flagger 1581)', () => {
  const measured = (metric: string) => refusals(`{ judge: { metrics: [${metric}] } }`);
  expect(measured('{ prometheus: "http://127.0.0.1:9090", query: "errors", below: 1 }')).toEqual([]);
  for (const source of ['datadog: "avg:errors"', 'promQL: errors', 'url: "http://127.0.0.1:9090"'])
    expect(measured(`{ ${source}, below: 1 }`)).toEqual([
      'app/missing-key environments.production.judge.metrics: this metric does not say where its value comes from',
    ]);
});

test('a comparison that would measure the old revision on both sides is refused (argo-rollouts 1700)', () => {
  const compared = (query: string) =>
    refusals(
      `{ judge: { metrics: [{ prometheus: "http://127.0.0.1:9090", query: '${query}', times: 2 }] } }`,
    );
  expect(compared('errors{revision="$revision"}')).toEqual([]);
  for (const query of ['errors', 'errors{revision="r7"}', 'errors{revision="$revisions"}'])
    expect(compared(query)).toEqual([
      'app/impossible environments.production.judge.metrics.times: the query does not name the revision, so it would measure both at once',
    ]);
});

test('previews that would end by themselves, and take data with them, are refused (coolify 6316 11582)', () => {
  expect(refusals('{ branches: ["feature/**"], ttl: 72h }')).toEqual([expect.stringContaining('ttl')]);
});
