import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { closeSync, openSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../../traffic/certificate.ts';
import { freePort } from '../../rig/free-port.ts';
import { until } from '../../traffic/rig.ts';

/** What the suites below need, see `lacks`. */
export const pebbleComponent = { name: 'pebble', file: '/usr/bin/pebble', install: 'apt-get install pebble' };

/** A test authority that believes what its own name server says: every name leads to 127.0.0.1. */
export interface TestAuthority {
  directory: string;
  /** The certificate that it shows itself with. */
  rootFile: string;
  log(): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts Let's Encrypt's test authority.
 *
 * @param httpPort - Where it asks instead of port 80.
 * @see https://github.com/letsencrypt/pebble
 */
export async function startPebble(httpPort: number): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-pebble-'));
  const [port, management, dns, dnsManagement] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
  const { cert, key } = selfSigned(['localhost']);
  const file = (name: string) => join(folder, name);
  await writeFile(file('cert.pem'), cert);
  await writeFile(file('key.pem'), key, { mode: 0o600 });
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: file('cert.pem'),
    privateKey: file('key.pem'),
    httpPort,
    tlsPort: 1,
  };
  await writeFile(file('config.json'), JSON.stringify({ pebble }));
  const none = ['-http01', '', '-https01', '', '-tlsalpn01', ''];
  const names = ['-dns01', `127.0.0.1:${dns}`, '-defaultIPv4', '127.0.0.1', '-defaultIPv6', ''];
  const run = (program: string, args: string[]): ChildProcess => {
    const log = openSync(file('log'), 'a');
    const env = { PATH: '/usr/bin:/bin', PEBBLE_VA_NOSLEEP: '1' };
    const child = spawn(program, args, { stdio: ['ignore', log, log], env });
    closeSync(log);
    return child;
  };
  const children = [
    run('/usr/bin/pebble-challtestsrv', [...none, ...names, '-management', `127.0.0.1:${dnsManagement}`]),
    run('/usr/bin/pebble', ['-config', file('config.json'), '-dnsserver', `127.0.0.1:${dns}`]),
  ];
  const authority: TestAuthority = {
    directory: `https://localhost:${port}/dir`,
    rootFile: file('cert.pem'),
    log: () => readFile(file('log'), 'utf8'),
    async close() {
      for (const child of children) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await until(() => answers(authority.directory));
  } catch (error) {
    const log = await authority.log();
    await authority.close();
    throw new Error(`the test authority does not answer:\n${log}`, { cause: error });
  }
  return authority;
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    request(url, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .end();
  });
}
