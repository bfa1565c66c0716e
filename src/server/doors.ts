import { execFile } from 'node:child_process';
import { chmod, lchown, lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Caller, Person } from '../access/index.ts';
import { CodedError } from '../diagnostics/index.ts';

const run = promisify(execFile);

/** What a unix socket's path may have, with the zero at its end. */
const pathLimitBytes = 107;
const making = '.making-';

interface Door {
  person: Person;
  server: Server;
  path: string;
  inode: number;
}

interface DoorOptions {
  /** Made when the first person is let in: searched by all, written by this user alone. */
  folder: string;
  answer: RequestListener;
  /** Called for each connection, before its first request. */
  greet: (socket: Socket, caller: Caller) => void;
}

/**
 * A socket for each person. Who comes through one is that person, for nobody else can: the socket belongs to the person's
 * Unix user with mode 0600, and on Linux to connect needs leave to write. A person without a Unix user here has a socket
 * of the server's own user, for the `slipway dial --as` that sshd forces upon the person's key.
 *
 * @see https://man7.org/linux/man-pages/man7/unix.7.html (pathname socket ownership and permissions)
 */
export class Doors {
  readonly #options: DoorOptions;
  readonly #open = new Map<string, Door>();
  #warnings: string[] = [];
  /** One change at a time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Opens and closes until there is a door for each of these people. One who cannot have any is a warning. */
  match(people: readonly Person[]): Promise<void> {
    const turn = this.#turn
      .then(() => this.#match(people))
      .catch((error: unknown) => {
        this.#warnings = [`people stay outside: ${(error as Error).message}`];
        throw error;
      });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Why some people stay outside. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  async close(): Promise<void> {
    await this.#turn;
    for (const door of this.#open.values()) await this.#shut(door);
  }

  async #match(people: readonly Person[]): Promise<void> {
    if (people.length > 0) await this.#ensureFolder();
    for (const door of this.#open.values()) {
      const wanted = people.find(({ name }) => name === door.person.name);
      if (wanted?.uid !== door.person.uid) await this.#shut(door);
    }
    await this.#sweep();
    const warnings: string[] = [];
    for (const person of people) {
      if (this.#open.has(person.name)) continue;
      const stranger = await changedUser(person);
      if (stranger === null) await this.#make(person);
      else warnings.push(stranger);
    }
    this.#warnings = warnings;
  }

  async #ensureFolder(): Promise<void> {
    const { folder } = this.#options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o711 });
      const found = await lstat(folder);
      if (!found.isDirectory() || found.uid !== process.getuid?.())
        throw new Error('it is there already, and is no directory of the user of the server');
      // Whatever the umask: others find a socket whose name they know, and list and write nothing.
      await chmod(folder, 0o711);
    } catch (cause) {
      throw new CodedError('server/no-doors', `${folder} cannot be the directory of people's sockets`, {
        notes: [(cause as Error).message],
        help: `let it belong to the user of the server: sudo install -d -m 711 -o "$USER" ${folder}`,
        cause,
      });
    }
  }

  /** What a server that was killed has left. Anything but sockets is somebody's own. */
  async #sweep(): Promise<void> {
    const { folder } = this.#options;
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      if (name.startsWith(making)) await rm(path, { recursive: true, force: true });
      else if (!this.#open.has(name) && (await lstat(path)).isSocket()) await rm(path, { force: true });
    }
  }

  async #make(person: Person): Promise<void> {
    const { folder, answer, greet } = this.#options;
    const path = join(folder, person.name);
    if (Buffer.byteLength(path) > pathLimitBytes) {
      throw new CodedError('server/home-too-long', `${path} is too long a path for a socket`, {
        help: 'choose a shorter home: --home /var/lib/slipway, or SLIPWAY_HOME',
      });
    }
    const server = createServer({ requestTimeout: 0 }, answer);
    const caller = { name: person.name, isOwner: false, proof: proofOf(person) };
    server.on('connection', (socket) => greet(socket, caller));
    // Made where nobody else can reach it, and put into its place only when it has its owner and its mode.
    const workshop = await mkdtemp(join(folder, making));
    const draft = join(workshop, 's');
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(draft, resolve);
      });
      await chmod(draft, 0o600);
      if (person.uid !== null) await lchown(draft, person.uid, -1);
      await rename(draft, path);
    } catch (error) {
      server.close();
      throw error;
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
    const { ino } = await lstat(path);
    this.#open.set(person.name, { person, server, path, inode: ino });
  }

  /** Also ends what is going on through it, such as a log that is followed. */
  async #shut({ person, server, path, inode }: Door): Promise<void> {
    this.#open.delete(person.name);
    server.close();
    server.closeAllConnections();
    // A server that was taken for dead may end after its successor has begun: that one's door stays.
    const now = await lstat(path).catch(() => null);
    if (now?.ino === inode) await rm(path, { force: true });
  }
}

/** How it is known who comes through a person's door. */
export function proofOf({ name, uid }: Person): string {
  return uid === null ? `let in as ${name} by uid ${process.getuid?.() ?? -1}` : `uid ${uid} ${name}`;
}

/** The uid of a Unix user of this machine, wherever it keeps its list of users; null for a name that it does not know. */
export async function uidOf(name: string): Promise<number | null> {
  try {
    const { stdout } = await run('id', ['-u', '--', name], { encoding: 'utf8' });
    return Number(stdout.trim());
  } catch {
    return null;
  }
}

/** A user name may have been given to somebody else since: that one gets no door. */
async function changedUser({ name, uid }: Person): Promise<string | null> {
  if (uid === null) return null;
  const today = await uidOf(name);
  if (today === uid) return null;
  const now = today === null ? 'no longer a user of this machine' : `now uid ${today}`;
  return `${name} was uid ${uid} when let in and is ${now}, so stays outside; slipway access revoke ${name}, or grant it anew`;
}
