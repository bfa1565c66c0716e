import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import type { Caller, MachineCall, MachineRequest } from './calls.ts';
import type { Connect, MachineConnection } from './model.ts';

/** What a link is made with. */
export interface LinkOptions {
  /** The machine, as ssh takes it. */
  name: string;
  connect: Connect;
  /** Id of this server's home. */
  home: string;
  version: string;
  log: (entry: { level: 'info' | 'error'; message: string }) => void;
  /** For tests. */
  patience?: Patience;
}

interface Patience {
  /** Without an answer for this long, the machine is asked whether it is there at all. */
  doubtMs: number;
  /** Within this it must say so. */
  helloMs: number;
  /** A machine that does not answer is listened for this long, */
  listenMs: number;
  /** and again after this. */
  againMs: number;
  /** What was heard so long ago is not told any more before it has been listened again. */
  oldMs: number;
}

const usual: Patience = { doubtMs: 3_000, helloMs: 7_000, listenMs: 60_000, againMs: 1_000, oldMs: 10_000 };

/**
 * The way to the server of another machine. A call may take its time as long as the machine says, asked beside it, that
 * it is there; one that does not is silent from then on: what waits is given up, and every further call fails at once
 * until it has been heard again. So a machine that hangs costs one wait, not one for each look.
 */
export class MachineLink {
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #patience: Patience;
  readonly #calls: MachineConnection;
  /** Beside the calls, which may fill theirs. */
  readonly #beside: MachineConnection;
  readonly #server = `${process.pid}-${randomBytes(4).toString('hex')}`;
  readonly #waiting = new Set<AbortController>();
  #turn = 0;
  #silence: CodedError | null = null;
  #watching = false;
  #listening: Promise<void> | null = null;
  #listenedAtMs = 0;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#patience = options.patience ?? usual;
    this.name = options.name;
    this.#calls = options.connect(options.name);
    this.#beside = options.connect(options.name);
  }

  /** Id of the home that asks. */
  get home(): string {
    return this.#options.home;
  }

  /** Why it is silent; null when the last that was heard of it was good. */
  get silence(): string | null {
    return this.#silence?.message ?? null;
  }

  /** Tells something of this machine in the log of this server. */
  say(message: string): void {
    this.#options.log({ level: 'info', message });
  }

  /** Carries out a call over there. Throws what that server refused, with its code. */
  ask<T>(scope: string, call: MachineCall): Promise<T> {
    return this.#alive(async (signal) => {
      const body: MachineRequest = { from: this.#caller(), scope, call };
      const post = () => this.#calls.post('/machine/calls', body, signal);
      // A connection that was kept may have been closed by the other side at this very moment; every call may be repeated.
      const answer = await post().catch((error: unknown) => {
        if (isUnreachable(error) && !signal.aborted) return post();
        throw error;
      });
      return (answer as { value: T }).value;
    });
  }

  /** Sends a stream; `about` tells the other side what it is. */
  send(path: string, about: Record<string, string>, open: () => Promise<Readable>): Promise<void> {
    return this.#alive(async (signal) => {
      const bytes = await open();
      try {
        await this.#beside.put(`${path}?${this.#query(about)}`, bytes, signal);
      } finally {
        bytes.destroy();
      }
    });
  }

  /** Lines of an answer that goes on until `signal` comes. */
  lines(path: string, about: Record<string, string>, signal: AbortSignal): AsyncIterable<string> {
    return this.#beside.lines(`${path}?${this.#query(about)}`, signal);
  }

  close(): void {
    this.#closed = true;
    for (const controller of this.#waiting) controller.abort();
    this.#calls.close();
    this.#beside.close();
  }

  #caller(): Caller {
    const { home, version } = this.#options;
    return { home, version, server: this.#server, turn: this.#turn };
  }

  #query(about: Record<string, string>): string {
    const { turn, ...from } = this.#caller();
    return new URLSearchParams({ ...about, ...from, turn: String(turn) }).toString();
  }

  async #alive<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.#hearAgain();
    if (this.#silence) throw this.#silence;
    const controller = new AbortController();
    this.#waiting.add(controller);
    void this.#watch();
    try {
      return await work(controller.signal);
    } catch (error) {
      if (controller.signal.aborted && this.#silence) throw this.#silence;
      if (isUnreachable(error)) throw this.#fallSilent(error);
      throw this.#named(error);
    } finally {
      this.#waiting.delete(controller);
    }
  }

  /** Goes on while something waits. */
  async #watch(): Promise<void> {
    if (this.#watching) return;
    this.#watching = true;
    try {
      await sleep(this.#patience.doubtMs, undefined, { ref: false });
      while (this.#waiting.size > 0 && !this.#silence && !this.#closed) {
        await this.#hello(this.#patience.helloMs);
        await sleep(this.#patience.doubtMs, undefined, { ref: false });
      }
    } catch (error) {
      this.#fallSilent(error);
    } finally {
      this.#watching = false;
    }
  }

  async #hello(timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    const body: MachineRequest = { from: this.#caller(), scope: '', call: { do: 'hello' } };
    try {
      await this.#beside.post('/machine/calls', body, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw this.#silent([`it has not answered for ${timeoutMs} ms`], error);
    }
  }

  /** Listens to a silent machine. What is known of it is waited for anew only when nobody has listened for long. */
  async #hearAgain(): Promise<void> {
    if (!this.#silence || this.#closed || this.#listening) return;
    const { oldMs, helloMs } = this.#patience;
    const isOld = performance.now() - this.#listenedAtMs > oldMs;
    this.#listening = this.#listen().finally(() => {
      this.#listening = null;
      this.#listenedAtMs = performance.now();
    });
    if (isOld) await Promise.race([this.#listening, sleep(helloMs, undefined, { ref: false })]);
  }

  async #listen(): Promise<void> {
    try {
      await this.#hello(this.#patience.listenMs);
      this.#silence = null;
      this.#options.log({ level: 'info', message: `${this.name} answers again` });
    } catch (error) {
      if (!this.#closed) this.#silence = this.#explain(error);
      await sleep(this.#patience.againMs, undefined, { ref: false });
    }
  }

  #fallSilent(error: unknown): CodedError {
    const reason = this.#explain(error);
    if (this.#silence || this.#closed) return reason;
    this.#silence = reason;
    this.#listenedAtMs = performance.now();
    // What was sent and has not been answered is not to be done any more, however late it is read over there.
    this.#turn += 1;
    for (const controller of this.#waiting) controller.abort();
    this.#options.log({ level: 'error', message: [reason.message, ...reason.notes].join('; ') });
    return reason;
  }

  #explain(error: unknown): CodedError {
    if (!(error instanceof CodedError)) return this.#silent([String(error)], error);
    if (error.code === 'wiring/machine-silent') return error;
    if (error.code === 'server/unreachable') return this.#silent(error.notes, error);
    return this.#named(error);
  }

  #silent(notes: string[], cause: unknown): CodedError {
    // The other Slipway says what is wrong first, and then what to do; ssh may greet before it says.
    const said = notes.find((line) => line.startsWith('error')) ?? notes.at(-1);
    return new CodedError(
      'wiring/machine-silent',
      `${this.name} does not answer${said === undefined ? '' : `: ${said.replace(/^error\[\S+\]: /, '')}`}`,
      {
        notes: notes.filter((line) => line !== said),
        help: `see what is wrong, and start it if it has ended: slipway status --host ${this.name}`,
        cause,
      },
    );
  }

  /** A refusal of that machine, so that nobody looks for it on this one. */
  #named(error: unknown): CodedError {
    if (!(error instanceof CodedError)) return this.#silent([String(error)], error);
    if (error.message.startsWith(`${this.name}: `)) return error;
    if (error.code === 'server/unknown-path') return this.#tooOld(error);
    const { code, message, notes, help } = error;
    return new CodedError(code, `${this.name}: ${message}`, { notes, help, cause: error });
  }

  #tooOld(cause: CodedError): CodedError {
    const { version } = this.#options;
    return new CodedError(
      'wiring/machine-version',
      `${this.name}: its Slipway is too old to run copies for another server, which is ${version}`,
      { help: otherVersionHelp(version), cause },
    );
  }
}

/** How a machine gets the version that a server has. */
export function otherVersionHelp(version: string): string {
  return `on that machine, install Slipway ${version} and start it anew (what runs goes on): slipway down && slipway up`;
}

/** Whether something failed because a machine does not answer. */
export function isSilence(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'wiring/machine-silent';
}

function isUnreachable(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'server/unreachable';
}
