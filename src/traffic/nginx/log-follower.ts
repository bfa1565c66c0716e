import { createReadStream, existsSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverEvents, Observation } from '../agent/driver.ts';
import { Lines } from '../agent/line-fields.ts';
import { parseAccessLine, type AccessLine } from './access-line.ts';
import { RequestSequence } from './request-sequence.ts';
import { workersOf } from './workers.ts';
import { openFilesOf } from '../agent/connections.ts';

/** nginx's logs are turned over at least this often, which bounds what they take up. */
const turnEveryMs = 2_000;
/** How long workers may take to let go of a file. */
const letGoMs = 10_000;
const lookEveryMs = 5;
/** Connections on which an app broke off, until their lines come. */
const maxBroken = 10_000;
const keptErrors = 50;
const blockBytes = 256 * 1024;

interface FollowedLogs {
  accessLog: string;
  errorLog: string;
  /** Names of scopes by what stands for them in the log. */
  scopeOf(key: string): string | undefined;
  /** Every request is in our log, so that gaps can be told. */
  isWhole: boolean;
}

/**
 * Follows nginx's logs by turning them over: the files are renamed, nginx is told to open new ones (which makes it
 * write out what it holds), and when no process has the old ones open they are complete. They are read once and removed.
 */
export class LogFollower {
  readonly #logs: FollowedLogs;
  readonly #events: DriverEvents;
  readonly #broken = new Set<number>();
  #errors: string[] = [];
  #sequence = new RequestSequence(true);
  #master: { pid: number; signal(name: NodeJS.Signals): void } | undefined;
  #turning: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(logs: FollowedLogs, events: DriverEvents) {
    this.#logs = logs;
    this.#events = events;
  }

  /** What nginx said last in its error log. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /**
   * @param from - `beginning`: this master was started just now. `parting`: where another agent let go.
   * `now`: whatever is in the log already is passed over.
   */
  async follow(
    master: { pid: number; signal(name: NodeJS.Signals): void },
    from: 'beginning' | 'parting' | 'now',
  ): Promise<void> {
    this.#master = master;
    this.#sequence = new RequestSequence(from !== 'beginning');
    if (from === 'now') await this.#turn(false);
    this.#timer = setInterval(() => void this.settle().catch(() => {}), turnEveryMs).unref();
  }

  /** Returns when what nginx has logged until now has been told. */
  async settle(): Promise<void> {
    if (!this.#turning) return this.#start();
    // The turn under way may have begun before what the caller asks about.
    this.#next ??= this.#turning.catch(() => {}).then(() => this.#start());
    return this.#next;
  }

  /** Tells all there is and lets go. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.settle();
    this.#master = undefined;
  }

  /** nginx is gone: what it left is told. */
  async ended(): Promise<void> {
    clearInterval(this.#timer);
    await this.#turning?.catch(() => {});
    this.#master = undefined;
    await this.#turn(true);
  }

  #start(): Promise<void> {
    this.#next = undefined;
    this.#turning = this.#turn(true).finally(() => (this.#turning = undefined));
    return this.#turning;
  }

  async #turn(tell: boolean): Promise<void> {
    const { accessLog, errorLog } = this.#logs;
    const files = [accessLog, errorLog].filter((file) => existsSync(file));
    const turned = (file: string) => `${file}.turned`;
    for (const file of files) if (!existsSync(turned(file))) await rename(file, turned(file));
    if (this.#master) {
      this.#master.signal('SIGUSR1');
      if (!(await this.#letGo([turned(accessLog), turned(errorLog)]))) return;
    }
    await this.#readErrors(turned(errorLog));
    if (tell) await this.#readAccess(turned(accessLog));
    for (const file of [accessLog, errorLog]) await rm(turned(file), { force: true });
  }

  /** @returns false when some process keeps a file for too long; it is read at the next turn. */
  async #letGo(files: readonly string[]): Promise<boolean> {
    const held = (pid: number) => openFilesOf(pid).some((file) => files.includes(file));
    for (const deadline = performance.now() + letGoMs; ; await sleep(lookEveryMs)) {
      const master = this.#master?.pid ?? 0;
      if (![master, ...workersOf(master).map(({ pid }) => pid)].some(held)) return true;
      if (performance.now() > deadline) return false;
      // A worker that was being started just then has not heard of it.
      if (Math.random() < 0.01) this.#master?.signal('SIGUSR1');
    }
  }

  async #readErrors(file: string): Promise<void> {
    for await (const line of linesOf(file)) {
      this.#errors = [...this.#errors.slice(1 - keptErrors), line];
      const connection = /\*(\d+) .* while reading upstream,/.exec(line)?.[1];
      if (connection !== undefined) this.#broken.add(Number(connection));
      if (/\[alert\].*(?:exited on signal|exited with|write\(\) to ".*failed|was incomplete)/.test(line))
        this.#events.lost(line);
    }
    for (const one of this.#broken) {
      if (this.#broken.size <= maxBroken) break;
      this.#broken.delete(one);
    }
  }

  /** Draws are told first: each worker writes when it likes, and what a session met is asked about only once it has drawn. */
  async #readAccess(file: string): Promise<void> {
    if (!existsSync(file)) return;
    const lines = new Lines();
    const later: Observation[] = [];
    const broken = (connection: number) => this.#broken.delete(connection);
    for await (const chunk of createReadStream(file, { highWaterMark: blockBytes }))
      lines.take(chunk as Buffer, (bytes, start, end) => {
        const line = parseAccessLine({ bytes, start, end }, broken);
        const seen = line ? this.#seen(line) : this.#notWhole(bytes.toString('utf8', start, end));
        if (seen && line?.draws && seen.lot === null) later.push(seen);
        else if (seen) this.#events.finished(seen);
      });
    if (lines.rest.length > 0) this.#notWhole(lines.rest.toString('utf8'));
    for (const seen of later) this.#events.finished(seen);
  }

  #notWhole(text: string): undefined {
    this.#events.lost(`a line of the access log is not whole: ${text.slice(0, 200)}`);
  }

  #seen(line: AccessLine): Observation | undefined {
    const { connection, ordinal, request } = line;
    const missing = this.#sequence.follow(connection, ordinal);
    if (missing > 0 && this.#logs.isWhole)
      this.#events.lost(`${missing} lines are missing before request ${ordinal} of connection ${connection}`);
    const scope = request ? this.#logs.scopeOf(request.key) : undefined;
    if (!request || scope === undefined) return undefined;
    const { key: _, ...seen } = request;
    return { scope, ...seen };
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  if (!existsSync(file) || statSync(file).size === 0) return;
  yield* createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity });
}
