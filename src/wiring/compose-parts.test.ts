import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { composeVariables } from './resolve-compose.ts';
import { holdsMarker, markerOf, reveal } from './secret-markers.ts';
import { smokeFailure } from './smoke.ts';
import { withSources } from './sources.ts';

test('secrets stand in Compose files as markers, and what is no secret as it is', () => {
  const variables = composeVariables({
    env: { LOG: 'debug', PORT_WEB: '8080', DATABASE_URL: 'postgres://u:p@h/d', TOKEN: 'hunter22' },
    fromEnvFile: ['PORT_WEB', 'DATABASE_URL'],
    secretRefs: [{ name: 'TOKEN', version: 3 }],
  });
  expect(variables).toEqual({
    LOG: 'debug',
    PORT_WEB: '8080',
    DATABASE_URL: markerOf('DATABASE_URL'),
    TOKEN: markerOf('TOKEN'),
  });
});

test('values take the place of their markers however deep, also as part of a text', () => {
  const held = {
    environment: { URL: `postgres://u:${markerOf('PASSWORD')}@h` },
    command: [markerOf('PASSWORD')],
  };
  expect(holdsMarker(held)).toBe(true);
  expect(reveal(held, { PASSWORD: '$&' })).toEqual({
    environment: { URL: 'postgres://u:$&@h' },
    command: ['$&'],
  });
  expect(() => reveal(held, {})).toThrow('secret "PASSWORD" has no value on this server any more');
});

test('work that reads files runs again until it has all that it asks for', async () => {
  const files: Record<string, string> = { a: 'b', b: 'c', c: 'end' };
  const asked: string[] = [];
  const read = (path: string) => {
    asked.push(path);
    return Promise.resolve(files[path] ?? null);
  };
  const { value, texts } = await withSources({ read }, (sources) => {
    let path = 'a';
    for (;;) {
      const next = sources.read(path);
      if (next === null || next === 'end') return `${path}: ${next}`;
      path = next;
    }
  });
  expect(value).toBe('c: end');
  expect(asked).toEqual(['a', 'b', 'c']);
  expect(Object.keys(texts)).toEqual(['a', 'b', 'c']);
});

test('a smoke request asks for its status, follows nothing, and tells what it got', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' });
    else response.writeHead(request.url === '/admin' ? 401 : 500);
    response.end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (requests: { path: string; status: number }[]) =>
    smokeFailure({ host: '127.0.0.1', port, requests, timeoutMs: 30_000 });
  expect(
    await ask([
      { path: '/admin', status: 401 },
      { path: '/moved', status: 302 },
    ]),
  ).toBeNull();
  expect(
    await ask([
      { path: '/admin', status: 401 },
      { path: '/x', status: 200 },
    ]),
  ).toBe('smoke request GET /x answered 500, not 200');
});
