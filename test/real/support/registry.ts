import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../rig/free-port.ts';
import { until } from '../../rig/index.ts';

/** A registry as Debian packs it. */
export const registry = {
  name: 'docker-registry',
  file: '/usr/bin/docker-registry',
  install: 'apt-get install docker-registry',
};

/** A registry that runs; engines take 127.0.0.1 without a certificate. */
export interface Registry {
  /** `127.0.0.1:5000` */
  host: string;
  stop(): void;
}

/** Starts an empty registry, and waits until it answers. */
export async function startRegistry(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'registry.yml');
  writeFileSync(
    config,
    `version: 0.1\nstorage: { filesystem: { rootdirectory: ${folder}/data } }\nhttp: { addr: ${host} }\n`,
  );
  const server = spawn(registry.file, ['serve', config], { stdio: 'ignore' });
  const stop = () => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  await until('the registry answers', () =>
    fetch(`http://${host}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { host, stop };
}
