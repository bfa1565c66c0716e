import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { MetricDefinition, MetricSource } from '../../app/index.ts';
import { listProcesses } from '../../supervisor/index.ts';
import { gaugeOf, type MetricPlace } from './gauge-of.ts';
import type { Measured } from './gauge.ts';

const place: MetricPlace = {
  scope: 'shop/production',
  machines: {
    of: () => {
      throw new Error('no machine is asked');
    },
  },
  path: process.env['PATH'] ?? '',
  filesOf: (release) => Promise.resolve(`/${release}`),
  nowMs: () => 0,
};

const gaugeFor = (source: MetricSource) =>
  gaugeOf({ metric: { source } as MetricDefinition, release: 'usr' }, place);

/** An address that answers as told. */
async function answers(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a source says of r8; its own address in words is left out. */
async function read(source: MetricSource, signal = new AbortController().signal): Promise<Measured | null> {
  const measured = await gaugeFor(source).read({ id: 'r8', copies: [] }, signal);
  if (!measured || 'value' in measured) return measured;
  return { trouble: measured.trouble.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'ADDRESS') };
}

const query = 'sum(rate(errors{version="$revision",app="$app/$environment"}[1m]))';

describe('Prometheus', () => {
  const given = async (status: number, body: unknown) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const url = await answers((_, response) => response.writeHead(status).end(text));
    return read({ kind: 'prometheus', url, query });
  };
  const result = (resultType: string, value: unknown) => ({
    status: 'success',
    data: { resultType, result: value },
  });

  test('is asked an instant query of the revision, below its path', async () => {
    const asked: (string | undefined)[] = [];
    const url = await answers((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
      asked.push(pathname, searchParams.get('query') ?? '', request.headers.authorization);
      response.end(JSON.stringify(result('vector', [{ metric: {}, value: [1_435_781_451.781, '0.25'] }])));
    });
    const withUser = url.replace('//', '//ana:s%40fe@');
    expect(await read({ kind: 'prometheus', url: `${withUser}/metrics/`, query })).toEqual({ value: 0.25 });
    expect(asked).toEqual([
      '/metrics/api/v1/query',
      'sum(rate(errors{version="r8",app="shop/production"}[1m]))',
      `Basic ${Buffer.from('ana:s@fe').toString('base64')}`,
    ]);
  });

  test('may answer with a scalar', async () =>
    expect(await given(200, result('scalar', [1, '7e3']))).toEqual({ value: 7_000 }));

  test.each<[string, number, unknown]>([
    ['no series for r8', 200, result('vector', [])],
    [
      '2 series for r8',
      200,
      result('vector', [
        { metric: { a: '1' }, value: [1, '1'] },
        { metric: { a: '2' }, value: [1, '2'] },
      ]),
    ],
    ['NaN for r8', 200, result('vector', [{ metric: {}, value: [1, 'NaN'] }])],
    ['+Inf for r8', 200, result('scalar', [1, '+Inf'])],
    ['a matrix', 200, result('matrix', [])],
    ['a histogram', 200, result('vector', [{ metric: {}, histogram: [1, {}] }])],
    ['refuses the query', 400, { status: 'error', errorType: 'bad_data', error: 'parse error: unclosed (' }],
    ['answers 302', 302, ''],
    ['answers 200, not as Prometheus', 200, '<html>'],
  ])('that says %s has no value', async (_, status, body) =>
    expect(await given(status, body)).toMatchSnapshot(),
  );

  test('that does not run has no value', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(read({ kind: 'prometheus', url: `http://127.0.0.1:${port}`, query })).rejects.toThrow(
      `http://127.0.0.1:${port}/api/v1/query does not answer (connect ECONNREFUSED 127.0.0.1:${port}): check that it runs, and that this machine reaches it`,
    );
  });
});

describe('a GET', () => {
  const given = async (body: string, json: string, status = 200) => {
    const url = await answers((_, response) => response.writeHead(status).end(body));
    return read({ kind: 'http', url: `${url}/stats/$revision`, json });
  };

  test('gives a value of its JSON by path, or all of its body', async () => {
    expect(await given('{"queue":{"depth":12}}', 'queue.depth')).toEqual({ value: 12 });
    expect(await given(' 3.5\n', '')).toEqual({ value: 3.5 });
  });

  test.each([
    ['{"queue":{}}', 'queue.depth', 200],
    ['{"queue":{"depth":"12"}}', 'queue.depth', 200],
    ['{"queue":{"depth":null}}', 'queue.depth', 200],
    ['queue 12', 'queue.depth', 200],
    ['', '', 200],
    ['twelve', '', 200],
    ['12', '', 503],
  ])('that is answered %s gives no value', async (body, json, status) =>
    expect(await given(body, json, status)).toMatchSnapshot(),
  );
});

describe('a command', () => {
  const run = (command: string, timeoutMs = 60_000) => read({ kind: 'command', command, timeoutMs });

  test('gives the last line that it prints', async () =>
    expect(await run('echo starting; echo 42; echo')).toEqual({ value: 42 }));

  test("runs in the files of the candidate's release", async () =>
    expect(await run('pwd; exit 1')).toEqual({
      trouble: 'the command exited with 1 for r8; it said: /usr',
    }));

  test('knows what it is asked about, by names in its text and in its variables', async () => {
    const said = await run(
      `echo '$revision' $app-$environment $SLIPWAY_REVISION $SLIPWAY_APP/$SLIPWAY_ENVIRONMENT; exit 1`,
    );
    expect(said).toEqual({
      trouble: 'the command exited with 1 for r8; it said: r8 shop-production r8 shop/production',
    });
  });

  test('gets nothing else of what the server has', async () => {
    process.env['SLIPWAY_TEST_TOKEN'] = 'hunter2';
    onTestFinished(() => void delete process.env['SLIPWAY_TEST_TOKEN']);
    const names = "env | sed 's/=.*//' | grep -v -e '^_$' -e PWD -e SHLVL | sort | tr '\\n' ' '; exit 1";
    expect(await run(names)).toEqual({
      trouble:
        'the command exited with 1 for r8; it said: PATH SLIPWAY_APP SLIPWAY_ENVIRONMENT SLIPWAY_REVISION',
    });
  });

  test.each([
    ['echo; echo many >&2; echo words'],
    ['exit 3'],
    ['kill -9 $$'],
    ['echo NaN'],
    ['no-such-program'],
  ])('%s gives no value', async (command) => expect(await run(command)).toMatchSnapshot());

  test('says much, of which little is told', async () => {
    const said = await run("printf 'x%.0s' $(seq 5000)");
    const few = `the command printed no number in its last line for r8; it said: ${'x'.repeat(300)}…`;
    expect(said).toEqual({ trouble: few });
  });

  test('ends with all that it has started when its time is over', async () => {
    const said = await run('sleep 1000 & echo "child $!"; sleep 1000', 300);
    expect(said).toEqual({
      trouble: expect.stringMatching(
        /^the command has not ended within 300ms for r8; it said: child \d+$/,
      ) as string,
    });
    const child = Number(/child (\d+)/.exec(JSON.stringify(said))?.[1]);
    await expect.poll(() => listProcesses().some(({ pid }) => pid === child)).toBe(false);
  });
});

test.each<[MetricSource, boolean]>([
  [{ kind: 'prometheus', url: 'http://prometheus:9090', query }, true],
  [{ kind: 'prometheus', url: 'http://prometheus:9090', query: 'sum(up{app="$app"})' }, false],
  [{ kind: 'http', url: 'http://shop/$revisions', json: '' }, false],
  [{ kind: 'command', command: './measure', timeoutMs: 1_000 }, true],
  [{ kind: 'resource', of: 'memory' }, true],
])('whether %o tells revisions apart', (source, tellsApart) =>
  expect(gaugeFor(source).tellsApart).toBe(tellsApart),
);
