import { execFile } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { stopServer } from '../../src/server/index.ts';
import { startRig } from '../rig/index.ts';
import { selfSigned } from './certificate.ts';
import { freePort } from '../rig/free-port.ts';
import { get, until } from './rig.ts';

const bin = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url));
const host = 'shop.example.com';

test('slipway up serves over TLS, and goes on so until it is told otherwise', async () => {
  const rig = await startRig();
  onTestFinished(() => rig.close());
  await rig.shipAndWait('v1');
  const tlsPort = await freePort();
  const at = `127.0.0.1:${tlsPort}`;
  const slipway = async (...words: string[]) => {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, ...words, '--home', rig.home]);
    return stdout;
  };
  const refused = await slipway('up', '--https', at).catch((error: { stderr: string }) => error.stderr);
  expect(refused).toContain('the server runs already, with the embedded router, no TLS');
  expect(refused).toContain(`slipway down && slipway up --https ${at}`);

  await stopServer({ home: rig.home, all: false });
  expect(await slipway('up', '--https', at, '--trust-proxy', '127.0.0.1')).toContain(`https://${at}\n`);
  expect((await rig.client.health()).listenTls).toBe(at);
  const { cert, key } = selfSigned([host]);
  await writeFile(join(rig.home, 'new'), cert + key, { mode: 0o600 });
  await rename(join(rig.home, 'new'), join(rig.home, 'certificates', 'shop.pem'));
  await until(async () => (await overTls(tlsPort).catch(() => '')) === '200 v1');
  const clear = await get(rig.port, { headers: { host, 'x-forwarded-proto': 'https' } });
  expect(clear.status, 'a proxy that is trusted has seen to TLS').toBe(200);
  const sent = await get(rig.port, { headers: { host } });
  expect([sent.status, sent.headers.location]).toEqual([308, `https://${host}:${tlsPort}/`]);

  // A start that says nothing of it finds it as it was.
  await stopServer({ home: rig.home, all: false });
  await slipway('up');
  expect(await overTls(tlsPort)).toBe('200 v1');

  await stopServer({ home: rig.home, all: false });
  await slipway('up', '--https', 'off');
  expect((await rig.client.health()).listenTls).toBeNull();
  await expect(overTls(tlsPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect((await get(rig.port, { headers: { host } })).status).toBe(200);
});

function overTls(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        servername: host,
        headers: { host },
        agent: false,
        rejectUnauthorized: false,
      },
      (response) => {
        response
          .resume()
          .on('end', () => resolve(`${response.statusCode} ${String(response.headers['x-version'])}`));
      },
    );
    outgoing.on('error', reject).end();
  });
}
