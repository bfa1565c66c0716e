import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerd, type Dockerd } from '../../docker/index.ts';
import { startSshd, type SshServer } from './sshd.ts';

/** `manage` is the way of ssh, `traffic` that of the app's users. */
export type Link = 'manage' | 'traffic';

/** A Docker host in a network namespace of its own, reached by two cables that can be pulled. */
export interface FarHost {
  engine: Dockerd;
  /** For DOCKER_HOST. */
  url: string;
  /** A folder for the front of PATH: its ssh knows the host. */
  clientPath: string;
  cut(link: Link): void;
  mend(link: Link): void;
  close(): Promise<void>;
}

/** Makes the namespace, its cables, an engine and an sshd in it; for root alone. */
export async function startFarHost(): Promise<FarHost> {
  const folder = mkdtempSync(join(tmpdir(), 'sw-far-'));
  const namespace = `slipway-${process.pid}`;
  const undo: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const work of undo.splice(0).toReversed()) await work();
  };
  try {
    ip('netns', 'add', namespace);
    undo.push(() => ip('netns', 'delete', namespace));
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    const base = freeBase();
    const manage = lay(namespace, `${base}.1`, 'm');
    const traffic = lay(namespace, `${base}.2`, 't');
    undo.push(
      () => ip('link', 'delete', manage.device),
      () => ip('link', 'delete', traffic.device),
    );
    const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward';
    execFileSync('nsenter', [`--net=/run/netns/${namespace}`, 'sh', '-c', forward]);
    const engine = await startDockerd({ namespace });
    undo.push(() => engine.stop());
    const route = () => ip('route', 'replace', engine.net, 'via', traffic.there, 'dev', traffic.device);
    route();
    const place = { address: manage.there, namespace };
    const sshd: SshServer = await startSshd(join(folder, 'ssh'), { DOCKER_HOST: engine.url }, place);
    undo.push(() => sshd.stop());
    const device = { manage: manage.device, traffic: traffic.device };
    return {
      engine,
      url: 'ssh://vps',
      clientPath: sshd.clientPath,
      cut: (link) => ip('link', 'set', device[link], 'down'),
      mend: (link) => {
        ip('link', 'set', device[link], 'up');
        // What led over it has gone with it.
        if (link === 'traffic') route();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Cable {
  device: string;
  there: string;
}

/** Lays a cable into the namespace, with .1 at this end and .2 at the other. */
function lay(namespace: string, net: string, letter: string): Cable {
  const device = `sw${process.pid % 1_000_000}${letter}`;
  const far = `${device}f`;
  ip('link', 'add', device, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
  ip('addr', 'add', `${net}.1/24`, 'dev', device);
  ip('-n', namespace, 'addr', 'add', `${net}.2/24`, 'dev', far);
  ip('link', 'set', device, 'up');
  ip('-n', namespace, 'link', 'set', far, 'up');
  return { device, there: `${net}.2` };
}

/** The beginning of private networks that nothing on this machine uses: `10.N`. */
function freeBase(): string {
  const used = ip('-4', 'route');
  for (let second = 250; second > 240; second -= 1) {
    const base = `10.${second}`;
    if (!used.includes(`${base}.`)) return base;
  }
  throw new Error('no private network is free from 10.241 to 10.250');
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
