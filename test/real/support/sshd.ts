import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { signal, until } from '../../rig/index.ts';
import { freePort } from '../../rig/free-port.ts';
import { startCommand } from './trial.ts';

export const sshd = { name: 'sshd', file: '/usr/sbin/sshd', install: 'apt-get install openssh-server' };

/** An sshd of the test's own, and a client that knows it as "vps". */
export interface SshServer {
  /** `ssh://user@address:port` */
  url: string;
  /** A folder for the front of PATH: its ssh reads the test's configuration in place of ~/.ssh. */
  clientPath: string;
  /** Sessions that are open now. */
  sessions: () => number[];
  stop(): Promise<void>;
}

/** Where sshd listens; on the loopback unless told. */
interface SshPlace {
  address: string;
  /** A network namespace to live in. */
  namespace: string;
}

/** Starts sshd as this user. `remoteEnv` is what sessions find in their environment. */
export async function startSshd(
  folder: string,
  remoteEnv: Record<string, string>,
  place: SshPlace | null = null,
): Promise<SshServer> {
  const address = place?.address ?? '127.0.0.1';
  const inside = place ? ['/usr/bin/nsenter', `--net=/run/netns/${place.namespace}`] : [];
  const port = await freePort();
  const user = userInfo().username;
  mkdirSync(folder);
  for (const key of ['host_key', 'user_key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, key)]);
  // The folder into which sshd locks its child when it runs as root.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const config = join(folder, 'sshd_config');
  writeFileSync(config, serverConfig(folder, `${address}:${port}`, remoteEnv));
  const server = startCommand([...inside, sshd.file, '-D', '-e', '-f', config], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  await until('sshd listens', () => listens(address, port), server.text);
  return {
    url: `ssh://${user}@${address}:${port}`,
    clientPath: writeClient(folder, { address, port, user }),
    sessions: () => childrenOf(server.child.pid),
    stop: async () => {
      for (const pid of childrenOf(server.child.pid)) signal(pid, 'SIGTERM');
      server.child.kill();
      await server.ended;
    },
  };
}

function serverConfig(folder: string, listen: string, env: Record<string, string>): string {
  const words = Object.entries(env).map(([name, value]) => `"${name}=${value}"`);
  return `ListenAddress ${listen}
HostKey ${join(folder, 'host_key')}
AuthorizedKeysFile ${join(folder, 'user_key.pub')}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
SetEnv ${words.join(' ')}
`;
}

/** ssh finds ~/.ssh by the list of users, not by HOME, so a script names the configuration. */
function writeClient(
  folder: string,
  { address, port, user }: { address: string; port: number; user: string },
): string {
  const config = join(folder, 'ssh_config');
  writeFileSync(
    config,
    `Host vps
  HostName ${address}
  Port ${port}
  User ${user}
Host *
  IdentityFile ${join(folder, 'user_key')}
  IdentitiesOnly yes
  UserKnownHostsFile ${join(folder, 'known_hosts')}
  StrictHostKeyChecking accept-new
  LogLevel ERROR
`,
  );
  const clientPath = join(folder, 'client');
  mkdirSync(clientPath);
  writeFileSync(join(clientPath, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F '${config}' "$@"\n`);
  chmodSync(join(clientPath, 'ssh'), 0o755);
  return clientPath;
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : Number(parent);
  } catch {
    return null;
  }
}

function listens(address: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, address);
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}
