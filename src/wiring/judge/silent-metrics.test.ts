import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { judgeLevels, type MetricSource } from '../../app/index.ts';
import { silentMetrics } from './silent-metrics.ts';

const told = async (...sources: MetricSource[]) => {
  const bound = { below: 1, above: null, times: null, intervalMs: 1_000, failures: 3 };
  const metrics = sources.map((source, index) => ({ name: `m${index}`, source, ...bound }));
  const judge = { ...judgeLevels.balanced, metrics };
  const found = await silentMetrics({ name: 'production', judge });
  return found.map(({ severity, message }) => `${severity}: ${message.replaceAll(/:\d+/g, ':PORT')}`);
};

test('a source that does not answer is told before a rollout begins, and refuses nothing', async () => {
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://localhost').searchParams.get('query');
    const answer = { status: 'success', data: { resultType: 'scalar', result: [1, query] } };
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const away = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  await new Promise((resolve) => gone.close(resolve));
  expect(
    await told(
      { kind: 'prometheus', url, query: 'up{revision="$revision"}' },
      { kind: 'prometheus', url: away, query: 'up' },
      { kind: 'http', url: away, json: '' },
      { kind: 'http', url: `${away}/$revision`, json: '' },
      { kind: 'resource', of: 'cpu' },
    ),
  ).toEqual([
    'warning: the metric m1 of production has no number now: http://127.0.0.1:PORT/api/v1/query does not answer (connect ECONNREFUSED 127.0.0.1:PORT): check that it runs, and that this machine reaches it',
    'warning: the metric m2 of production has no number now: http://127.0.0.1:PORT/ does not answer (connect ECONNREFUSED 127.0.0.1:PORT): check that it runs, and that this machine reaches it',
  ]);
});
