import { existsSync, readdirSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DriverEvents } from '../agent/driver.ts';
import { parseRequestLine } from './request-line.ts';

/** Where a follower had come to. */
export interface ReadUntil {
  inode: number;
  offset: number;
}

/** Requests whose answer broke off, until their lines come. */
const maxBroken = 10_000;
const lookEveryMs = 500;
const pieceBytes = 1 << 20;

interface FollowedLog {
  file: string;
  /** Names of scopes by what stands for them in the log. */
  scopeOf(key: string): string | undefined;
}

/**
 * Follows the request log. Caddy writes a line at once and whole; when the file is large it renames it and begins
 * another. What was renamed is read to its end and removed.
 */
export class LogFollower {
  readonly #log: FollowedLog;
  readonly #events: DriverEvents;
  readonly #broken = new Map<string, boolean[]>();
  #until: ReadUntil = { inode: 0, offset: 0 };
  #rest = '';
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: FollowedLog, events: DriverEvents) {
    this.#log = log;
    this.#events = events;
  }

  /** @param from - Where another follower let go; null passes over what is there. */
  async follow(from: ReadUntil | null): Promise<void> {
    if (from) this.#until = from;
    else await this.#passOver();
    this.#rest = '';
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.settle().catch(() => {}), lookEveryMs).unref();
  }

  /** Returns when what Caddy has logged until now has been told. */
  settle(): Promise<void> {
    if (!this.#reading) return this.#begin();
    // The reading under way may have begun before what the caller asks about.
    this.#next ??= this.#reading.catch(() => {}).then(() => this.#begin());
    return this.#next;
  }

  /** Tells all there is and lets go. */
  async stop(): Promise<ReadUntil> {
    clearInterval(this.#timer);
    await this.settle();
    const { inode, offset } = this.#until;
    return { inode, offset: offset - this.#rest.length };
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #passOver(): Promise<void> {
    for (const file of this.#renamed()) await rm(file, { force: true });
    const { file } = this.#log;
    if (!existsSync(file)) return;
    const { ino, size } = statSync(file);
    this.#until = { inode: ino, offset: size };
  }

  async #read(): Promise<void> {
    for (const file of this.#renamed()) {
      await this.#readOne(file);
      if (this.#rest !== '') this.#events.lost('a file of the request log ends within a line');
      this.#rest = '';
      await rm(file, { force: true });
    }
    if (existsSync(this.#log.file)) await this.#readOne(this.#log.file);
  }

  /** Files that Caddy has done with, oldest first: their names hold the time. */
  #renamed(): string[] {
    const { file } = this.#log;
    const folder = dirname(file);
    const [start, ending] = [`${basename(file, '.log')}-`, '.log'];
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => name.startsWith(start) && name.endsWith(ending))
      .sort()
      .map((name) => join(folder, name));
  }

  async #readOne(file: string): Promise<void> {
    const handle = await open(file, 'r');
    try {
      const { ino, size } = await handle.stat();
      if (ino !== this.#until.inode) this.#until = { inode: ino, offset: 0 };
      if (size < this.#until.offset) {
        this.#events.lost('the request log was cut off');
        this.#until.offset = 0;
      }
      const buffer = Buffer.alloc(pieceBytes);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, pieceBytes, this.#until.offset);
        if (bytesRead === 0) return;
        this.#until.offset += bytesRead;
        this.#take(buffer.toString('latin1', 0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#tell(line);
  }

  #tell(text: string): void {
    const line = parseRequestLine(Buffer.from(text, 'latin1').toString('utf8'), (request) =>
      this.#wasBroken(request),
    );
    if (!line) this.#events.lost(`a line of the request log is not whole: ${text.slice(0, 200)}`);
    else if (line.kind === 'broken') this.#remember(line.request, line.byApp);
    else if (line.kind === 'request') {
      const { kind: _kind, key, ...seen } = line;
      const scope = this.#log.scopeOf(key);
      if (scope !== undefined) this.#events.finished({ scope, ...seen });
    }
  }

  #remember(request: string, byApp: boolean): void {
    this.#broken.set(request, [...(this.#broken.get(request) ?? []), byApp]);
    const [oldest] = this.#broken.keys();
    if (this.#broken.size > maxBroken && oldest !== undefined) this.#broken.delete(oldest);
  }

  /** Whether it was the app that broke off; told once for each request. */
  #wasBroken(request: string): boolean {
    const [first = false, ...others] = this.#broken.get(request) ?? [];
    if (others.length > 0) this.#broken.set(request, others);
    else this.#broken.delete(request);
    return first;
  }
}
