import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeWhole } from '../write-whole.ts';
import type { DriverEvents } from '../agent/driver.ts';
import type { Daemon } from '../agent/daemon.ts';
import { log, messageOf } from '../embedded/log.ts';
import { openFilesOf } from '../agent/connections.ts';
import { parseAccessLine } from './access-line.ts';
import type { TraefikPaths } from './paths.ts';
import { RequestNumbers, type NumbersSnapshot } from './request-numbers.ts';
import { Turns } from '../turns.ts';

const readEveryMs = 250;
/** The log is turned over beyond this size, which bounds what it takes up. */
const maxLogBytes = 8_000_000;
/** How long Traefik may take to let go of a file. */
const letGoMs = 10_000;
const pieceBytes = 1 << 18;

interface Followed {
  paths: TraefikPaths;
  events: Pick<DriverEvents, 'finished' | 'lost'>;
  /** Which revision a service stands for. */
  revisionOf(service: string): { scope: string; revision: string } | undefined;
}

/** Where a reader had come to in the access log. */
export interface LogOffset {
  offset: number;
}

/**
 * Reads Traefik's access log as it is written. What was read before this agent is read again without being counted, so
 * that it is known which requests are under way.
 */
export class LogReader {
  readonly #followed: Followed;
  readonly #marks = new Map<string, (number: number) => void>();
  #numbers = new RequestNumbers();
  #file: FileHandle | null = null;
  #offset = 0;
  #rest = '';
  #daemon: Daemon | null = null;
  /** Lines up to here were told by another agent, or nobody will. */
  #silentUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #turns = new Turns();

  constructor(followed: Followed) {
    this.#followed = followed;
  }

  get numbers(): RequestNumbers {
    return this.#numbers;
  }

  /** Before a process is started: nothing of another one is left. */
  async clear(): Promise<void> {
    await this.#close();
    const { accessLog, numbersFile } = this.#followed.paths;
    for (const file of [accessLog, `${accessLog}.turned`, numbersFile]) await rm(file, { force: true });
  }

  /**
   * @param from - `beginning`: this process was started just now. Null: nobody knows what was told already, so what is
   * there is passed over.
   */
  async follow(daemon: Daemon, from: LogOffset | 'beginning' | null): Promise<void> {
    const { accessLog, numbersFile } = this.#followed.paths;
    await this.#close();
    this.#daemon = daemon;
    this.#numbers = new RequestNumbers(await readSnapshot(numbersFile));
    this.#silentUntil = Infinity;
    if (existsSync(`${accessLog}.turned`)) await this.#finishTurn();
    const sizeBytes = await stat(accessLog).then(
      ({ size }) => size,
      () => 0,
    );
    this.#silentUntil = from === 'beginning' ? 0 : from === null ? sizeBytes : from.offset;
    await this.#turns.take(() => this.#read());
    this.#timer = setInterval(
      () => void this.#turns.take(() => this.#look()).catch(noteFailure),
      readEveryMs,
    );
    this.#timer.unref();
  }

  /**
   * Waits until the line of a marked request has been read, and with it all that ended before.
   *
   * @returns The number of the marked request; undefined when its line does not come.
   */
  async awaitMark(mark: string, timeoutMs: number): Promise<number | undefined> {
    let number: number | undefined;
    this.#marks.set(mark, (seen) => (number = seen));
    try {
      for (const deadline = performance.now() + timeoutMs; ; await sleep(5)) {
        await this.#turns.take(() => this.#read());
        if (number !== undefined || performance.now() > deadline) return number;
      }
    } finally {
      this.#marks.delete(mark);
    }
  }

  /** Tells all there is and lets go. */
  async stop(): Promise<LogOffset> {
    clearInterval(this.#timer);
    await this.#turns.take(() => this.#read());
    const offset = this.#offset - this.#rest.length;
    await this.#close();
    return { offset };
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turns.over();
    await this.#file?.close();
    this.#file = null;
    this.#offset = 0;
    this.#rest = '';
    this.#daemon = null;
  }

  async #look(): Promise<void> {
    await this.#read();
    if (this.#offset > maxLogBytes) await this.#turn();
  }

  async #read(): Promise<void> {
    this.#file ??= await open(this.#followed.paths.accessLog, 'r').catch(() => null);
    if (this.#file) await this.#readFrom(this.#file);
  }

  async #readFrom(file: FileHandle): Promise<void> {
    const buffer = Buffer.alloc(pieceBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, pieceBytes, this.#offset);
      if (bytesRead === 0) return;
      // One byte is one letter here; what a client sends is ASCII in JSON, or takes part in nothing but hashes.
      const lines = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      let at = this.#offset - this.#rest.length;
      this.#offset += bytesRead;
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        at += line.length + 1;
        this.#take(line, at > this.#silentUntil);
      }
    }
  }

  #take(text: string, tell: boolean): void {
    const line = parseAccessLine(text);
    if (!line) {
      this.#followed.events.lost(`a line of the access log is not whole: ${text.slice(0, 200)}`);
      return;
    }
    this.#numbers.end(line.number);
    if (line.mark !== null) this.#marks.get(line.mark)?.(line.number);
    if (!tell || !line.request) return;
    const { service, session, outcome } = line.request;
    const whose = this.#followed.revisionOf(service);
    if (whose) this.#followed.events.finished({ ...whose, session, outcome, lot: null, failed: null });
  }

  /** The file is renamed, Traefik opens a new one, and what it wrote into the old one until then is read. */
  async #turn(): Promise<void> {
    const { accessLog } = this.#followed.paths;
    await rename(accessLog, `${accessLog}.turned`);
    await this.#finishTurn();
  }

  async #finishTurn(): Promise<void> {
    const { accessLog, numbersFile } = this.#followed.paths;
    const turned = `${accessLog}.turned`;
    this.#daemon?.signal('SIGUSR1');
    await this.#letGo(turned);
    this.#file ??= await open(turned, 'r');
    await this.#readFrom(this.#file);
    await this.#file.close();
    this.#file = null;
    this.#offset = 0;
    this.#rest = '';
    this.#silentUntil = this.#silentUntil === Infinity ? Infinity : 0;
    await writeWhole(numbersFile, JSON.stringify(this.#numbers.snapshot()));
    await rm(turned, { force: true });
  }

  async #letGo(file: string): Promise<void> {
    for (const deadline = performance.now() + letGoMs; this.#daemon?.alive(); await sleep(5)) {
      if (!openFilesOf(this.#daemon.pid).includes(file)) return;
      if (performance.now() > deadline) throw new Error(`Traefik does not let go of ${file}`);
    }
  }
}

async function readSnapshot(file: string): Promise<NumbersSnapshot | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as NumbersSnapshot;
  } catch {
    return undefined;
  }
}

function noteFailure(error: unknown): void {
  log('error', 'log-not-read', { message: messageOf(error) });
}
