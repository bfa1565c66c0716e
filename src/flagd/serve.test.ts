import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FlagSnapshot, type Flag, type FlagDocument } from '../flags/index.ts';
import { serveFlags, type FlagServer } from './serve.ts';

/* What the SDK does not show: OFREP, Connect over HTTP/1.1, and how it ends. The SDK itself is in test/flags. */

const flag = (value: string): Flag => ({
  state: 'ENABLED',
  variants: { only: value },
  defaultVariant: 'only',
});
const document = (value: string): FlagDocument => ({
  flags: { theme: flag(value), asleep: { ...flag('x'), state: 'DISABLED' } },
  metadata: { owner: 'ana' },
});

const troubles: string[] = [];
const onTrouble = (user: string, { version }: FlagSnapshot) => void troubles.push(`${user} ${version}`);

let server: FlagServer;

beforeEach(async () => {
  server = await serveFlags({
    host: '127.0.0.1',
    port: 0,
    snapshot: new FlagSnapshot(1, document('light')),
    onTrouble,
  });
});

afterEach(() => server.close());

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', body, headers });
const all = '/ofrep/v1/evaluate/flags';
const theme = { key: 'theme', value: 'light', variant: 'only', reason: 'STATIC', metadata: { owner: 'ana' } };

test('OFREP answers for one flag, and says what is wrong', async () => {
  expect(await (await post(`${all}/theme`, '{"context":{"targetingKey":"1"}}')).json()).toEqual(theme);
  const disabled = await post(`${all}/asleep`, '{}');
  expect([disabled.status, await disabled.json()]).toEqual([
    200,
    { key: 'asleep', reason: 'DISABLED', metadata: { owner: 'ana' } },
  ]);
  const missing = await post(`${all}/none`, '{}');
  expect([missing.status, await missing.json()]).toMatchObject([
    404,
    { key: 'none', errorCode: 'FLAG_NOT_FOUND' },
  ]);
  const wrong = await post(`${all}/theme`, '{"context":7}');
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { errorCode: 'INVALID_CONTEXT' }]);
  expect((await post('/elsewhere', '{}')).status).toBe(404);
  expect((await fetch(`http://127.0.0.1:${server.port}${all}`)).status).toBe(405);
  expect((await post(all, 'x'.repeat(2 * 1024 * 1024))).status).toBe(413);
});

test('OFREP sends all flags once for as long as nothing changes', async () => {
  const first = await post(all, '');
  expect(await first.json()).toEqual({ flags: [theme], metadata: { owner: 'ana' } });
  const etag = first.headers.get('etag') ?? '';
  expect((await post(all, '{}', { 'if-none-match': etag })).status).toBe(304);
  server.publish(new FlagSnapshot(2, document('dark')));
  const next = await post(all, '{}', { 'if-none-match': etag });
  expect([next.status, await next.json()]).toMatchObject([200, { flags: [{ value: 'dark' }] }]);
});

test('Connect speaks both versions of the evaluation over HTTP/1.1', async () => {
  const ask = async (version: string, flagKey: string) => {
    const path = `/flagd.evaluation.${version}.Service/ResolveString`;
    const answer = await post(path, JSON.stringify({ flagKey }), { 'content-type': 'application/json' });
    return (await answer.json()) as object;
  };
  expect(await ask('v1', 'theme')).toMatchObject({ value: 'light', variant: 'only', reason: 'STATIC' });
  expect(await ask('v1', 'asleep')).toMatchObject({ code: 'not_found' });
  expect(await ask('v2', 'asleep')).toEqual({ reason: 'DISABLED', metadata: { owner: 'ana' } });
});

test('an app tells who met trouble, with the flags that stood then', async () => {
  const tell = async (body: string) => (await post('/slipway/v1/troubles', body)).status;
  expect(await tell('{"targetingKey":"ana"}')).toBe(202);
  server.publish(new FlagSnapshot(2, document('dark')));
  expect(await tell('{"targetingKey":"ben"}')).toBe(202);
  expect(troubles).toEqual(['ana 1', 'ben 2']);
  for (const body of ['', '{}', '{"targetingKey":7}', '{"targetingKey":""}', 'null'])
    expect(await tell(body)).toBe(400);
  expect((await fetch(`http://127.0.0.1:${server.port}/slipway/v1/troubles`)).status).toBe(405);
});

test('a port that is taken is an error, and a connection that says nothing does not keep it open', async () => {
  const again = serveFlags({
    host: '127.0.0.1',
    port: server.port,
    snapshot: new FlagSnapshot(1, document('x')),
    onTrouble,
  });
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
  const silent = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const ended = new Promise((resolve) => silent.once('close', resolve));
  silent.on('error', () => {});
  await server.close();
  await ended;
  server = await serveFlags({
    host: '127.0.0.1',
    port: 0,
    snapshot: new FlagSnapshot(1, document('x')),
    onTrouble,
  });
});
