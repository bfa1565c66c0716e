import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseApp } from '../app/index.ts';
import { composeVariables, readCompose } from './resolve-compose.ts';
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

/** Reads a Compose file with `fromFile` as the env file's values. */
async function read(compose: string, { fromFile = {}, secrets = {} }: Record<string, Variables>) {
  const slipwayYml = { file: 'slipway.yml', text: 'environments: { production: {} }\n' };
  const app = parseApp({ rootFiles: ['compose.yml'], slipwayYml, fallbackName: 'shop' });
  const definition = app.ok ? app.value.environments[0] : undefined;
  if (!app.ok || !definition) throw new Error('no app');
  const files = { read: (path: string) => Promise.resolve(path === 'compose.yml' ? compose : null) };
  const variables = {
    env: { ...fromFile, ...secrets },
    fromEnvFile: Object.keys(fromFile),
    secretRefs: Object.keys(secrets).map((name) => ({ name, version: 1 })),
  };
  const { result } = await readCompose({ app: app.value, definition, files, variables });
  return result;
}

type Variables = Record<string, string>;

test('the env file fills in every key that Slipway reads, and only what containers read stays hidden', async () => {
  const result = await read(
    `
x-image: &image app:\${TAG}
services:
  web:
    image: *image
    ports: ["\${PUBLISHED}"]
    volumes: ["\${DATA_DIR}:/data", "\${DATA_DIR}:/more"]
    mem_limit: \${MEMORY}
    restart: \${RESTART}
    hostname: \${HOST_NAME}
    command: ["serve", "\${TAG}"]
    healthcheck: { test: ["CMD", "check", "\${TAG}"], interval: "\${EVERY}" }
    environment: ["VERSION=\${TAG}", MEMORY]
    labels: { version: "\${TAG}" }
    logging: { driver: splunk, options: { splunk-token: "\${TOKEN}" } }
    configs: [settings]
configs: { settings: { content: "version=\${TAG}" } }
`,
    {
      fromFile: {
        TAG: 'v1.2.3',
        PUBLISHED: '127.0.0.1:8080:3000',
        DATA_DIR: '/srv/shop',
        MEMORY: '512m',
        RESTART: 'always',
        HOST_NAME: 'shop-web',
        EVERY: '1m30s',
      },
      secrets: { TOKEN: 'hunter22' },
    },
  );
  if (!result.ok) throw new Error(JSON.stringify(result.findings));
  const { services, configs } = result.value.project;
  const tag = markerOf('TAG');
  expect(services[0]).toMatchObject({
    image: 'app:v1.2.3',
    ports: [{ hostIp: '127.0.0.1', published: 8080, target: 3000 }],
    mounts: [
      { kind: 'bind', source: '/srv/shop', target: '/data' },
      { kind: 'bind', source: '/srv/shop', target: '/more' },
    ],
    limits: { memoryBytes: 512 * 2 ** 20 },
    restart: { policy: 'always' },
    hostname: 'shop-web',
    command: ['serve', tag],
    healthcheck: { test: ['CMD', 'check', tag], intervalMs: 90_000 },
    environment: { VERSION: tag, MEMORY: markerOf('MEMORY') },
    labels: { version: tag },
    logging: { options: { 'splunk-token': markerOf('TOKEN') } },
  });
  expect(configs['settings']).toEqual({ from: 'content', text: `version=${tag}` });
});

test.each([
  ['the env file', (values: Variables) => ({ fromFile: values })],
  ['the secrets', (values: Variables) => ({ secrets: values })],
])('a service that a value of %s names is no worker, and the value is not kept', async (_, given) => {
  const compose = `
services:
  web: { image: shop, ports: ["3000"], environment: { BACKEND_URL: "\${BACKEND_URL}" } }
  backend: { image: shop-backend }
`;
  const result = await read(compose, given({ BACKEND_URL: 'http://user:hunter22@backend:4000/' }));
  if (!result.ok) throw new Error(JSON.stringify(result.findings));
  expect(result.value.services.find(({ name }) => name === 'backend')).toMatchObject({
    role: 'companion',
    reason: '"web" names it in BACKEND_URL',
  });
  expect(JSON.stringify(result)).not.toContain('hunter22');
});

test('a secret where Slipway would keep it in clear is refused at its line, and its value is not said', async () => {
  const result = await read(
    `
services:
  web:
    image: app:\${TAG}
    ports: ["3000"]
    mem_limit: \${TAG}
  debug: { image: "debug:\${TAG}", profiles: [debug] }
volumes: { data: { driver_opts: { o: "password=\${TAG}" } } }
`,
    { secrets: { TAG: 'hunter22' } },
  );
  const findings = result.ok ? [] : result.findings;
  expect(findings.map(({ code, message, at }) => `${at?.start.line} ${code} ${message}`)).toEqual(
    [
      [4, 'services.web.image'],
      [6, 'services.web.mem_limit'],
      [8, 'volumes.data.driver_opts.o'],
    ].map(
      ([line, key]) =>
        `${line} compose/secret-in-clear ${key} holds the secret "TAG", and what stands here is kept and shown in clear`,
    ),
  );
  expect(findings[0]?.help).toBe(
    'write it plainly, or set TAG in the env-file of the environment, not in its secrets',
  );
  expect(JSON.stringify(result)).not.toContain('hunter22');
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
