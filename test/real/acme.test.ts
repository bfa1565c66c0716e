import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acmeAccount, CertificateKeeper, CertificateWatch } from '../../src/traffic/index.ts';
import { setStage } from '../mistakes/stage.ts';
import { selfSigned } from '../traffic/certificate.ts';
import { programFile } from '../rig/cached-programs.ts';
import { freePort } from '../rig/free-port.ts';
import { get, revision, routes, startRig, until, type Rig } from '../traffic/rig.ts';
import { lacks } from './support/component.ts';
import { pebbleComponent, startPebble } from './support/pebble.ts';

const host = 'shop.example.com';
const missing = lacks(pebbleComponent);

let folder: string;
let cleanups: (() => Promise<unknown>)[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-acme-'));
  cleanups = [() => rm(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** Who issued what a router shows, and until when; null when it shows nothing. */
function shown(port: number): Promise<{ issuer: string; until: string } | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: host, rejectUnauthorized: false }, () => {
      const { issuer, valid_to: until } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ issuer: String(issuer.CN), until });
    });
    socket.on('error', () => resolve(null));
  });
}

interface Scene {
  rig: Rig;
  tlsPort: number;
  certificates: string;
  keeper: CertificateKeeper;
  events: string[];
}

/** A router with routes for the host, the test authority, and a keeper between them. */
async function scene(kind: keyof typeof programs, hosts = [host]): Promise<Scene> {
  const account = await acmeAccount(join(folder, 'account.pem'));
  const tlsPort = await freePort();
  const certificates = join(folder, 'certificates');
  // What is there from the beginning must do no harm.
  const { cert, key } = selfSigned(['other.example.com']);
  await mkdir(certificates);
  await writeFile(join(certificates, 'other.pem'), cert + key, { mode: 0o600 });
  const rig = await startRig(
    [
      '--listen-tls',
      `127.0.0.1:${tlsPort}`,
      '--certificates',
      certificates,
      `--acme-thumbprint=${account.thumbprint}`,
    ],
    kind,
  );
  cleanups.push(() => rig.close());
  const authority = await startPebble(rig.port);
  cleanups.push(() => authority.close());
  const app = await rig.app((_request, response) => response.end('the app'));
  await rig.router.apply(routes([revision('r1', 100, app.port)], { hosts }), 1);
  const watch = new CertificateWatch(certificates, () => {});
  watch.follow();
  const events: string[] = [];
  const keeper = new CertificateKeeper({
    authority: { directory: authority.directory, email: 'ana@example.com', rootFile: authority.rootFile },
    accountKey: account.key,
    folder: certificates,
    watch,
    attemptsFile: join(folder, 'attempts.json'),
    hosts: () => Promise.resolve(hosts),
    onObtained: (name) => events.push(`obtained ${name}`),
    onFailed: (name, error) => events.push(`${name}: ${String(error)}`),
  });
  cleanups.push(async () => {
    keeper.stop();
    watch.close();
  });
  return { rig, tlsPort, certificates, keeper, events };
}

const programs = {
  embedded: process.execPath,
  haproxy: '/usr/sbin/haproxy',
  nginx: '/usr/sbin/nginx',
  traefik: programFile('traefik'),
};

describe.skipIf(missing)(`certificates by ACME (missing? ${pebbleComponent.install})`, () => {
  for (const kind of ['embedded', 'haproxy', 'nginx', 'traefik'] as const) {
    test.skipIf(!existsSync(programs[kind]))(
      `the ${kind} router proves a host, and shows its certificate`,
      async () => {
        const { rig, tlsPort, certificates, keeper, events } = await scene(kind);
        await keeper.start();
        await until(() => events.length > 0);
        expect(events).toEqual([`obtained ${host}`]);
        expect((await stat(join(certificates, `acme-${host}.pem`))).mode & 0o777).toBe(0o600);
        await until(async () => (await shown(tlsPort))?.issuer.startsWith('Pebble') ?? false);
        // The authority's questions are no requests of users, and leave no gap among them.
        const answer = await get(rig.port, { headers: { host }, path: '/.well-known/acme-challenge/abc' });
        expect([answer.status, /^abc\.[\w-]{43}$/.test(answer.body)]).toEqual([200, true]);
        const state = await rig.router.observe('shop/production');
        expect([state.revisions[0]?.requests, state.losses]).toEqual([0, 0]);
      },
    );
  }

  test('what has less than a third of its time left is renewed', async () => {
    const { tlsPort, certificates, keeper, events } = await scene('embedded');
    // 40 days gone and 19 to go.
    const { cert, key } = selfSigned([host], 19);
    await writeFile(join(certificates, `acme-${host}.pem`), cert + key, { mode: 0o600 });
    await until(async () => (await shown(tlsPort))?.issuer === host);
    await keeper.start();
    await until(async () => (await shown(tlsPort))?.issuer.startsWith('Pebble') ?? false);
    // The router may be quicker than whoever put the file there.
    await until(() => events.length > 0);
    expect(events).toEqual([`obtained ${host}`]);
  });

  test('a host that leads elsewhere is told with the way out, and not asked for again at once', async () => {
    const { rig, keeper, events } = await scene('embedded');
    // Nobody answers where the authority asks.
    process.kill((await rig.router.health()).pid, 'SIGKILL');
    await keeper.start();
    await until(() => events.length > 0);
    expect(events[0]).toMatch(
      /^shop\.example\.com: CodedError: no certificate for shop\.example\.com: the authority says: /,
    );
    expect(keeper.problems()).toEqual([
      expect.stringMatching(
        /^no certificate for .*dig shop\.example\.com\), and port 80 .* \(tried again at /,
      ),
    ]);
    keeper.look();
    const attempts = JSON.parse(await readFile(join(folder, 'attempts.json'), 'utf8')) as object;
    expect(attempts).toMatchObject({ [host]: { failures: 1 } });
    expect(events).toHaveLength(1);
  });

  test('slipway up obtains the certificates of what is shipped', async () => {
    const stage = setStage();
    cleanups.push(() => stage.close());
    const [port, tlsPort] = await Promise.all([freePort(), freePort()]);
    const authority = await startPebble(port);
    cleanups.push(() => authority.close());
    const up = await stage.run([
      'up',
      '--http',
      `127.0.0.1:${port}`,
      '--https',
      `127.0.0.1:${tlsPort}`,
      '--acme',
      authority.directory,
      '--acme-root',
      authority.rootFile,
    ]);
    expect(up.exitCode, up.text).toBe(0);
    expect((await stat(join(stage.home, 'acme', 'account.pem'))).mode & 0o777).toBe(0o600);
    const shop = stage.repository('shop', {
      'slipway.yml': `name: shop\nenvironments:\n  production:\n    host: ${host}\n    bake: 100ms\n`,
    });
    const ship = await stage.run(['ship'], { cwd: shop });
    expect(ship.exitCode, ship.text).toBe(0);
    await until(async () => (await shown(tlsPort))?.issuer.startsWith('Pebble') ?? false);
    await until(async () => (await stage.run(['status'])).text.includes(`https://${host}:${tlsPort}/`));
  });
});
