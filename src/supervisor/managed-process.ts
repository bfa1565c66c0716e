import type { ChildProcess } from 'node:child_process';
import { unreachable } from '../diagnostics/index.ts';
import { endFamily } from './end-family.ts';
import { findFamily, isMarked, leaderOf, markOf, specHash, type MarkedProcess } from './family.ts';
import { chooseFreePort } from './free-port.ts';
import { launch } from './launch.ts';
import { oneShotCommand, readOneShot } from './one-shot.ts';
import { identify, isAlive, uptimeMs } from './proc.ts';
import type { ProcessPhase, ProcessStatus } from './protocol.ts';
import type { Ending, ProcessRecord } from './state-file.ts';

/** What one process needs of the keeper of all. */
export interface Household {
  homeHash: string;
  bootId: string;
  exitsFolder: string;
  /** Writes all records; a failure is logged and made up for by the next write. */
  remember(): void;
  isPortPromised(port: number, exceptId: string): boolean;
  /** Nothing of a removed process is left. */
  gone(id: string): void;
  say(message: string): void;
}

const shortestBackoffMs = 200;
const longestBackoffMs = 30_000;
/** Up this long, a process counts as well again. */
const steadyMs = 10_000;
/** What a crashed process leaves behind holds up its next start no longer than this. */
const longestLeftoverGraceMs = 5000;
/** How often processes that are not our children are looked at. */
const pollMs = 200;

/** One process through its whole life: started or adopted, watched, started again, ended. See the drawing in protocol.ts. */
export class ManagedProcess {
  readonly record: ProcessRecord;
  readonly #house: Household;
  #phase: ProcessPhase = 'starting';
  /** Set while the leader is our own child; adopted ones are looked at instead. */
  #child: ChildProcess | null = null;
  #ending: Ending = { exitCode: null, exitSignal: null, problem: null };
  #quickEnds = 0;
  #upSinceMs: number | null = null;
  #sessionIsOurs = false;
  #wake: () => void = () => {};

  constructor(record: ProcessRecord, house: Household) {
    this.record = record;
    this.#house = house;
  }

  /** Takes the process from whatever state a predecessor left it in. `marked`: what was found running with its mark. */
  begin(marked: readonly MarkedProcess[]): void {
    this.#adopt(marked);
    this.#live().catch((error: unknown) => {
      this.#house.say(
        `${this.record.spec.id}: ${error instanceof Error ? (error.stack ?? error.message) : ''}`,
      );
    });
  }

  /** Asks for its end; may be repeated. */
  remove(): void {
    this.record.removing = true;
    this.#phase = 'stopping';
    this.#wake();
  }

  /** Follows another process of the family. @returns why not, or null. */
  replace(pid: number): string | null {
    const { spec, identity } = this.record;
    const next = identify(pid, this.#house.bootId);
    if (!next || !isAlive(next, this.#house.bootId)) return `no process ${pid} is running`;
    const kin = next.session === identity?.session || isMarked(pid, spec.id, this.#house.homeHash);
    if (!kin) return `process ${pid} was not started by ${spec.id}`;
    this.record.identity = next;
    this.#child = null;
    this.#sessionIsOurs = true;
    this.#phase = 'running';
    this.#house.remember();
    this.#wake();
    return null;
  }

  status(): ProcessStatus {
    const { spec, identity, port, restarts } = this.record;
    const running = identity !== null && isAlive(identity, this.#house.bootId);
    return {
      id: spec.id,
      scope: spec.scope,
      phase: this.#phase,
      pid: running ? identity.pid : null,
      port,
      restarts,
      uptimeMs: running ? uptimeMs(identity) : 0,
      ...(this.record.ended ?? this.#ending),
      logFile: spec.logFile,
    };
  }

  async #live(): Promise<void> {
    if (this.#isUp()) this.#setPhase('running');
    while (!this.record.removing && this.record.ended === null) {
      if (!this.#isUp() && !(await this.#bringUp())) continue;
      await this.#leaderEnded();
      if (!this.record.removing) await this.#afterEnd();
    }
    this.#setPhase('exited');
    while (!this.record.removing) await this.#sleep(longestBackoffMs);
    await this.#endFamily();
    this.#house.gone(this.record.spec.id);
  }

  /** @returns whether a leader runs now; when not, the loop looks again at what is wanted. */
  async #bringUp(): Promise<boolean> {
    const { spec } = this.record;
    await this.#endFamily();
    if (spec.restart === 'never' && this.#settleFromRecord()) return false;
    if (this.record.removing) return false;
    this.#setPhase('starting');
    const problem = (await this.#pickPort()) ?? (this.record.removing ? null : await this.#start());
    if (problem === null) return this.#isUp();
    this.#house.say(`${spec.id}: ${problem}`);
    this.#ending = { exitCode: null, exitSignal: null, problem };
    if (spec.restart === 'never') this.#settle(this.#ending);
    else await this.#backOff();
    return false;
  }

  async #pickPort(): Promise<string | null> {
    const { record } = this;
    if (!record.spec.needsPort) return null;
    try {
      record.port = await chooseFreePort({
        preferred: record.port,
        isPromised: (port) => this.#house.isPortPromised(port, record.spec.id),
      });
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #start(): Promise<string | null> {
    const { spec, port } = this.record;
    const argv =
      spec.restart === 'never' ? oneShotCommand(this.#house.exitsFolder, spec.id, spec.argv) : spec.argv;
    const env = { ...spec.env, ...(port === null ? {} : { PORT: String(port) }) };
    Object.assign(env, markOf(spec, this.#house.homeHash));
    const launched = await launch({ spec, argv, env });
    if ('problem' in launched) return launched.problem;
    const { child } = launched;
    this.#child = child;
    child.once('exit', (exitCode, exitSignal) => this.#childEnded(child, exitCode, exitSignal));
    // No turn of the event loop lies between spawn and here, so a child that has already died is not reaped yet.
    this.record.identity = identify(child.pid, this.#house.bootId);
    this.#sessionIsOurs = true;
    this.#house.remember();
    this.#setPhase('running');
    return null;
  }

  #childEnded(child: ChildProcess, exitCode: number | null, exitSignal: string | null): void {
    // A predecessor that handed over by `replace` ends unnoticed.
    if (this.#child !== child) return;
    this.#child = null;
    this.#ending = { exitCode, exitSignal, problem: null };
    this.#wake();
  }

  /** Returns when the leader has ended by itself, or when the end of the process is asked for. */
  async #leaderEnded(): Promise<void> {
    while (!this.record.removing && this.#isUp()) await this.#sleep(pollMs);
  }

  #isUp(): boolean {
    if (this.#child !== null) return true;
    const { identity } = this.record;
    return identity !== null && isAlive(identity, this.#house.bootId);
  }

  async #afterEnd(): Promise<void> {
    const { record } = this;
    switch (record.spec.restart) {
      case 'never':
        // The family goes first: a one-shot has ended when nothing of it runs any more.
        await this.#endFamily();
        this.#settleFromRecord();
        return;
      case 'always':
        record.restarts += 1;
        await this.#backOff();
        return;
      default:
        unreachable(record.spec.restart);
    }
  }

  async #backOff(): Promise<void> {
    const upMs = this.#upSinceMs === null ? 0 : performance.now() - this.#upSinceMs;
    this.#upSinceMs = null;
    this.#setPhase('backoff');
    await this.#endFamily(Math.min(this.record.spec.stopGraceMs, longestLeftoverGraceMs));
    this.#quickEnds = upMs >= steadyMs ? 0 : this.#quickEnds;
    const delayMs = Math.min(longestBackoffMs, shortestBackoffMs * 2 ** this.#quickEnds);
    this.#quickEnds += 1;
    const until = performance.now() + delayMs;
    while (!this.record.removing && performance.now() < until) {
      await this.#sleep(until - performance.now());
    }
  }

  /** Knows from its files that a one-shot has ended, or that it began and cannot be running. */
  #settleFromRecord(): boolean {
    const { spec, identity } = this.record;
    const known = readOneShot(this.#house.exitsFolder, spec.id);
    const seen = this.#ending.exitCode !== null || this.#ending.exitSignal !== null;
    if (typeof known === 'object') this.#settle({ ...known, exitSignal: null, problem: null });
    else if (seen) this.#settle(this.#ending);
    // The identity is durable when the file may not be: after a power cut it may have begun all the same.
    else if (known === 'not-begun' && identity === null) return false;
    else {
      const problem = 'it ended without leaving an exit status: it was killed, or the machine was restarted';
      this.#settle({ exitCode: null, exitSignal: null, problem });
    }
    return true;
  }

  #settle(ending: Ending): void {
    this.record.ended = ending;
    this.#house.remember();
  }

  #adopt(marked: readonly MarkedProcess[]): void {
    const { record } = this;
    const { bootId } = this.#house;
    if (record.identity === null || !isAlive(record.identity, bootId)) {
      const leader = leaderOf(marked.filter((entry) => entry.specHash === specHash(record.spec)));
      if (leader) {
        const { pid, startTicks, session } = leader;
        record.identity = { pid, startTicks, session, bootId };
      } else if (record.identity?.bootId === bootId) record.restarts += 1;
    }
    if (!this.#isUp()) return;
    this.#sessionIsOurs = true;
    this.#house.say(`${record.spec.id}: adopted as process ${record.identity?.pid}`);
  }

  async #endFamily(graceMs = this.record.spec.stopGraceMs): Promise<void> {
    const { spec, identity } = this.record;
    const { homeHash, bootId } = this.#house;
    const here = identity?.bootId === bootId ? identity : null;
    await endFamily({
      find: () => findFamily({ id: spec.id, homeHash, identity: here, sessionIsOurs: this.#sessionIsOurs }),
      graceMs,
      sleep: (ms) => this.#sleep(ms),
    });
    this.#sessionIsOurs = false;
  }

  #setPhase(phase: ProcessPhase): void {
    if (this.record.removing) this.#phase = 'stopping';
    else this.#phase = phase;
    if (this.#phase === 'running') this.#upSinceMs ??= performance.now();
  }

  /** Sleeps until the time is over or something happens; whoever sleeps asks again what is true. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}
