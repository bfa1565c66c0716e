import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { chooseRouter, type RouterWish } from './choose-router.ts';
import { layoutOf } from './layout.ts';
import { routerSettings } from './router-settings.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'slipway-choice-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const choose = (wish: RouterWish) => chooseRouter(home, wish, home);
const chosen = () => routerSettings(layoutOf(home));

async function installed(name: string): Promise<string> {
  const program = join(home, name);
  await writeFile(program, '', { mode: 0o755 });
  vi.stubEnv('PATH', home);
  return program;
}

test('a home has the embedded router over plain HTTP until somebody says otherwise', async () => {
  const first = { kind: 'embedded', program: null, tls: null, ownConfig: [], trustedProxies: [], acme: null };
  expect(await chosen()).toEqual(first);
  await choose({ router: 'embedded' });
  expect(await chosen()).toEqual(first);
});

test('other settings are refused while the server runs, the same ones are not', async () => {
  const server = createServer().listen(layoutOf(home).serverSocket);
  await once(server, 'listening');
  await choose({ router: 'embedded', https: 'off' });
  const program = await installed('haproxy');
  await expect(choose({ router: 'haproxy', https: '127.0.0.1:8443' })).rejects.toMatchObject({
    code: 'wiring/router-in-use',
    message: 'the server runs already, with the embedded router, no TLS',
    notes: [`asked for: the haproxy router, TLS at 127.0.0.1:8443 with ${home}/certificates`],
    help: 'stop it first (apps go on): slipway down && slipway up --router haproxy --https 127.0.0.1:8443',
  });
  await new Promise((resolve) => server.close(resolve));
  await choose({ router: 'haproxy' });
  expect(await chosen()).toMatchObject({ kind: 'haproxy', program });
});

test('each setting stays until it is named again', async () => {
  await installed('haproxy');
  const own = join(home, 'own.cfg');
  await writeFile(own, '');
  await choose({ router: 'haproxy', https: '[::1]:8443', ownConfig: ['own.cfg'] });
  expect((await stat(join(home, 'certificates'))).mode & 0o777).toBe(0o700);
  await choose({ trustProxy: ['10.0.0.0/8', '2001:db8::1'] });
  const tls = { host: '::1', port: 8443, certificates: join(home, 'certificates') };
  expect(await chosen()).toMatchObject({
    tls,
    ownConfig: [own],
    trustedProxies: ['10.0.0.0/8', '2001:db8::1'],
  });
  await choose({ certificates: home });
  expect((await chosen()).tls).toEqual({ ...tls, certificates: home });
  await choose({ https: 'off', ownConfig: ['none'], trustProxy: ['none'] });
  expect(await chosen()).toMatchObject({ tls: null, ownConfig: [], trustedProxies: [] });
});

test.each<[string, RouterWish, string, string]>([
  [
    'a configuration of your own for the embedded router',
    { ownConfig: ['/etc/hostname'] },
    'the embedded router takes no configuration of yours: /etc/hostname',
    'slipway up --router haproxy',
  ],
  ['certificates without TLS', { certificates: '/tmp' }, 'certificates serve nobody', '--https 0.0.0.0:443'],
  [
    'a folder that is not there',
    { https: '[::]:443', certificates: '/no' },
    'cannot be read',
    'make the folder',
  ],
  ['an authority without TLS', { acme: 'letsencrypt' }, 'serve nobody without TLS', '--https 0.0.0.0:443'],
  ['an authority without a name', { acmeEmail: 'a@b' }, 'no authority is named', '--acme letsencrypt'],
  ['no authority', { acme: 'http://ca' }, '"http://ca" is no certificate authority', 'letsencrypt-staging'],
  ['no address', { https: '443' }, '"443" is not an address to speak TLS at', 'write HOST:PORT'],
  ['a proxy by name', { trustProxy: ['cdn'] }, '"cdn" is neither an address nor a range', 'none'],
  ['too wide a range', { trustProxy: ['10.0.0.0/33'] }, 'neither an address nor a range', 'none'],
])('%s is refused, and nothing is kept', async (_what, wish, message, help) => {
  await expect(choose(wish)).rejects.toMatchObject({
    code: 'wiring/bad-router-setting',
    message: expect.stringContaining(message),
    help: expect.stringContaining(help),
  });
  expect((await chosen()).tls).toBeNull();
});

test('a configuration of your own that nobody can read is refused', async () => {
  await installed('nginx');
  await expect(choose({ router: 'nginx', ownConfig: ['missing.conf'] })).rejects.toMatchObject({
    code: 'wiring/bad-router-setting',
    message: expect.stringContaining(`${home}/missing.conf`),
  });
});

test('a router that could not follow the routes in force is refused', async () => {
  await installed('nginx');
  const pin = { revision: 'r1', by: { kind: 'header', name: 'X_Canary', value: 'yes' } };
  const front = { scope: 'shop/production', hosts: ['*'], revisions: [], pins: [pin], sticky: false };
  const routes = { ...front, maintenance: false, rateLimit: null };
  const body = JSON.stringify({ scopes: [{ routes, fence: 1 }] });
  const sha256 = createHash('sha256').update(body).digest('hex');
  const { state } = layoutOf(home).router;
  await mkdir(join(home, 'router'));
  await writeFile(state, `${JSON.stringify({ format: 1, sha256 })}\n${body}\n`);
  await expect(choose({ router: 'nginx' })).rejects.toMatchObject({
    code: 'wiring/router-cannot',
    message: 'the nginx router cannot do what runs here asks for',
    notes: ['shop/production: testers are known by the header "X_Canary", whose "_" it cannot tell from "-"'],
  });
  expect((await chosen()).kind).toBe('embedded');
});

test('an authority is remembered by its directory, and its account goes with it', async () => {
  await choose({ https: '127.0.0.1:8443', acme: 'letsencrypt-staging', acmeEmail: 'ana@example.com' });
  const acme = {
    directory: 'https://acme-staging-v02.api.letsencrypt.org/directory',
    email: 'ana@example.com',
    rootFile: null,
  };
  expect((await chosen()).acme).toEqual(acme);
  const root = join(home, 'root.pem');
  await writeFile(root, '');
  await choose({ acme: 'https://ca.internal/dir', acmeRoot: 'root.pem' });
  expect((await chosen()).acme).toEqual({ ...acme, directory: 'https://ca.internal/dir', rootFile: root });
  await expect(choose({ https: 'off' })).rejects.toMatchObject({
    help: 'say where it is spoken: slipway up --https 0.0.0.0:443, or obtain none: slipway up --acme off',
  });
  await choose({ https: 'off', acme: 'off' });
  expect(await chosen()).toMatchObject({ acme: null, tls: null });
});

test('a Caddy of the user is in front as a whole', async () => {
  await installed('caddy');
  const own = join(home, 'Caddyfile');
  await writeFile(own, '');
  const wish: RouterWish = { router: 'caddy', ownConfig: [own] };
  for (const [more, help] of [
    [{ https: '0.0.0.0:443' }, '--https off'],
    [{ trustProxy: ['10.0.0.0/8'] }, '--trust-proxy none'],
    [{ ownConfig: [own, own] }, 'imports the others'],
  ] as const)
    await expect(choose({ ...wish, ...more } as RouterWish)).rejects.toMatchObject({
      code: 'wiring/bad-router-setting',
      help: expect.stringContaining(help) as string,
    });
  await choose(wish);
  expect(await chosen()).toMatchObject({ kind: 'caddy', ownConfig: [own] });
});
