import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

interface SshDestination {
  destination: string;
  port: number | null;
  /** The program: `ssh`. */
  ssh: string;
}

const keptLines = 6;
const lastWordsMs = 1000;

/**
 * Reaches an engine as the docker command does: each connection is one `ssh host docker system dial-stdio`. The
 * system's ssh is used, so that ~/.ssh/config, agents and jump hosts work. Never asks for a password: nobody is there.
 */
export class SshAgent extends Agent {
  readonly #destination: SshDestination;
  readonly #heard: string[] = [];
  #ended: Promise<unknown> = Promise.resolve();

  constructor(destination: SshDestination) {
    super({ keepAlive: true, maxFreeSockets: 4 });
    this.#destination = destination;
  }

  override createConnection(): Duplex {
    const { destination, port, ssh } = this.#destination;
    const args = [
      ...(port === null ? [] : ['-p', String(port)]),
      '-o',
      'BatchMode=yes',
      '-T',
      '--',
      destination,
    ];
    const child = spawn(ssh, [...args, 'docker system dial-stdio'], { stdio: 'pipe' });
    this.#ended = this.#listen(child);
    return wireOf(child);
  }

  /** What ssh said about its last end; it may say so a moment after the connection broke. */
  async lastWords(): Promise<string[]> {
    await Promise.race([this.#ended, sleep(lastWordsMs, null, { ref: false })]);
    return this.#heard.splice(0).slice(-keptLines);
  }

  #listen(child: ChildProcessWithoutNullStreams): Promise<void> {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#heard.push(...text.split(/\r?\n/).filter((line) => line.trim() !== ''));
      this.#heard.splice(0, this.#heard.length - keptLines);
    });
    return new Promise((resolve) => {
      child.on('close', () => resolve());
      child.on('error', ({ message }) => {
        this.#heard.push(message);
        resolve();
      });
    });
  }
}

function wireOf(child: ChildProcessWithoutNullStreams): Duplex {
  // The types know only one half of what `from` takes.
  const wire = Duplex.from({ readable: child.stdout, writable: child.stdin } as never);
  child.on('error', (error) => wire.destroy(error));
  // The end of a connection that nobody uses is reported to nobody.
  wire.on('error', () => {});
  wire.on('close', () => child.kill());
  // What node:http asks of a socket; ssh keeps its connection alive itself.
  const still = () => wire;
  // One that waits for its next request keeps no process from ending.
  const handles = [child, child.stdin, child.stdout, child.stderr] as { ref(): void; unref(): void }[];
  const ref = () => {
    for (const handle of handles) handle.ref();
    return wire;
  };
  const unref = () => {
    for (const handle of handles) handle.unref();
    return wire;
  };
  return Object.assign(wire, { setTimeout: still, setNoDelay: still, setKeepAlive: still, ref, unref });
}
