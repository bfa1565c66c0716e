import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connectServer, startServer } from '../../../src/server/index.ts';
import { startDockerd, type Dockerd } from '../../docker/index.ts';
import { closeHome, freePort } from '../../rig/index.ts';
import { startSshd } from './sshd.ts';
import { bin } from './trial.ts';

/** A machine beside the rig's: an engine, a home and a server of its own, which ssh knows as "vps". */
export interface SecondMachine {
  name: string;
  home: string;
  /** Where its router takes users. */
  port: number;
  engine: Dockerd;
  /** Starts its server as `slipway up` does; returns its pid. */
  startServer(): Promise<number>;
  close(): Promise<void>;
}

/** Starts one, and has this process, and servers that it starts, find it by ssh until it is closed. */
export async function startSecondMachine(): Promise<SecondMachine> {
  const root = mkdtempSync(join(tmpdir(), 'sw-second-'));
  const home = join(root, 'home');
  const engine = await startDockerd();
  const port = await freePort();
  const user = join(root, 'user');
  putCommand(user);
  const sshd = await startSshd(join(root, 'ssh'), { HOME: user, SLIPWAY_HOME: home });
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${sshd.clientPath}${delimiter}${path}`;
  const start = async () => {
    process.env['DOCKER_HOST'] = engine.url;
    try {
      const { health } = await startServer({ home, listen: `127.0.0.1:${port}`, jobEnv: {} });
      return health.pid;
    } finally {
      delete process.env['DOCKER_HOST'];
    }
  };
  await start();
  return {
    name: 'vps',
    home,
    port,
    engine,
    startServer: start,
    close: async () => {
      process.env['PATH'] = path;
      try {
        await sshd.stop();
        await closeHome(root, home, connectServer({ home }));
      } finally {
        await engine.stop();
      }
    },
  };
}

/** Where `slipway install` of an ordinary user puts it. */
function putCommand(user: string): void {
  const folder = join(user, '.local/bin');
  mkdirSync(folder, { recursive: true });
  const text = `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`;
  writeFileSync(join(folder, 'slipway'), text, { mode: 0o755 });
}
