import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { findDaemon, startDaemon, type Daemon } from '../agent/daemon.ts';
import type { DriverEvents, DriverFactory, InFlight, LogPosition, RouterDriver } from '../agent/driver.ts';
import type { AgentSettings } from '../agent/settings.ts';
import { CertificateWatch } from '../certificate-watch.ts';
import { log, messageOf } from '../embedded/log.ts';
import { sessionKey } from '../embedded/session-cookie.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { listWorkers } from './commands.ts';
import { structureOf } from './config.ts';
import { readSlots, writePages, type StoredSlots } from './files.ts';
import { busyOf, inFlightOf, readLoad } from './in-flight.ts';
import { changeLive, planServers, sendOnward } from './live-change.ts';
import type { LogLine } from './log-line.ts';
import type { LogStream } from './log-stream.ts';
import { logTail } from '../agent/log-tail.ts';
import { tooMany } from './old-workers.ts';
import { pathsIn, type HaproxyPaths } from './paths.ts';
import { checkPlan, planFor, writePlan, type Plan } from './plan.ts';
import { programArgv } from './program.ts';
import { RequestLogs, type Readings } from './request-logs.ts';
import { allBusy, firstShape, type Busy } from './slots.ts';
import { Turns } from '../turns.ts';

const startTimeoutMs = 30_000;
const lookEveryMs = 20;
const tidyEveryMs = 1_000;

/** Makes the driver of HAProxy 2.6 or later. */
export const createHaproxyDriver: DriverFactory = (settings, events) => new HaproxyDriver(settings, events);

class HaproxyDriver implements RouterDriver {
  readonly #settings: AgentSettings;
  readonly #events: DriverEvents;
  readonly #paths: HaproxyPaths;
  readonly #logs: RequestLogs;
  #daemon: Daemon | null = null;
  #stored: StoredSlots = { slots: [], shape: firstShape };
  /** What runs; null when nobody knows for certain. */
  #serving: Plan | null = null;
  #key: Buffer = Buffer.alloc(32);
  readonly #certificates: CertificateWatch | null;
  /** Why the newest certificates are not served. */
  #certificateProblem: string | null = null;
  /** Changes happen one after the other, those for certificates included. */
  readonly #turns = new Turns();
  /** Why HAProxy serves something else than the state says. */
  #adrift: string | null = null;
  #tidying: NodeJS.Timeout | undefined;
  #letting = false;

  constructor(settings: AgentSettings, events: DriverEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#paths = pathsIn(settings.folder);
    this.#logs = new RequestLogs(
      this.#paths,
      (line) => this.#observe(line),
      () => void this.#recover(),
    );
    this.#certificates =
      settings.tls && new CertificateWatch(settings.tls.certificates, () => void this.#renew());
  }

  async start(scopes: readonly StoredScope[] | null, position: LogPosition): Promise<void> {
    await mkdir(this.#settings.folder, { recursive: true, mode: 0o700 });
    await writePages(this.#paths.pages);
    this.#key = sessionKey(`${this.#settings.stateFile}.key`);
    this.#letting = false;
    this.#certificates?.close();
    this.#certificates?.follow();
    this.#stored = (await readSlots(this.#paths.slots)) ?? { slots: [], shape: firstShape };
    this.#serving = null;
    this.#daemon = await findDaemon(this.#paths.identity);
    if (this.#daemon) await this.#join(scopes, position as Readings | null);
    else await this.#launch(scopes);
    this.#tidying ??= setInterval(() => void this.#logs.tidy(), tidyEveryMs).unref();
  }

  async check(scopes: readonly StoredScope[]): Promise<void> {
    await checkPlan(await this.#plan(scopes, allBusy(this.#stored.slots)));
  }

  serve(scopes: readonly StoredScope[]): Promise<void> {
    return this.#turns.take(() => this.#serve(scopes));
  }

  async #serve(scopes: readonly StoredScope[]): Promise<void> {
    // In this order: what was not busy any more has been told of by then, and its slot may get another revision.
    const busy = busyOf(await readLoad(this.#paths.master));
    await this.settle();
    const plan = await this.#plan(scopes, busy);
    const before = this.#serving;
    await this.#write(plan);
    this.#serving = null;
    if (before && structureOf(before.parts) === structureOf(plan.parts)) {
      const servers = planServers(before.parts.slots, plan.parts.slots, plan.parts.shape);
      await changeLive(this.#paths, servers, { before: before.maps, after: plan.maps });
    } else {
      await checkPlan(plan);
      await this.#reload();
    }
    this.#serving = plan;
    this.#adrift = null;
  }

  async inFlight(): Promise<InFlight[]> {
    const all = inFlightOf(await readLoad(this.#paths.master), this.#stored.slots);
    // An address that was looked up is none that the routes know.
    return this.#serving?.named === false ? all : all.map((one) => ({ ...one, at: undefined }));
  }

  async settle(): Promise<void> {
    if (await this.#logs.settle()) this.#events.lost('lines of the request log are missing');
  }

  listening() {
    return this.#daemon?.alive() ? this.#settings.listen : null;
  }

  problems(): string[] {
    return [
      ...(this.#daemon?.alive() ? [] : ['HAProxy does not run']),
      ...(this.#adrift === null ? [] : [this.#adrift]),
      ...(this.#certificateProblem === null ? [] : [this.#certificateProblem]),
      ...(this.#certificates?.problems ?? []),
    ];
  }

  async detach(): Promise<LogPosition> {
    await this.settle();
    this.#letGo();
    const readings = this.#logs.readings();
    this.#logs.close();
    return readings;
  }

  async stop(drainMs: number): Promise<void> {
    this.#letGo();
    const daemon = this.#daemon;
    daemon?.signal('SIGUSR1');
    const deadline = performance.now() + drainMs;
    while (daemon?.alive() && performance.now() < deadline) {
      const load = await readLoad(this.#paths.master).catch(() => new Map());
      if (load.size === 0) break;
      await sleep(lookEveryMs);
    }
    this.#logs.close();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      daemon?.signal(signal);
      if ((await daemon?.ended(5_000)) ?? true) break;
    }
  }

  /** HAProxy runs already, started by an agent before this one. */
  async #join(scopes: readonly StoredScope[] | null, readings: Readings | null): Promise<void> {
    this.#logs.follow(await this.#logs.open(readings));
    if (scopes === null) {
      this.#adrift = 'the routes were lost; HAProxy goes on with those it has';
      return;
    }
    const plan = await this.#plan(scopes, busyOf(await readLoad(this.#paths.master)));
    await checkPlan(plan);
    await this.#write(plan);
    // What an agent that crashed had in hand is not known: everything is said anew.
    await this.#reload();
    this.#serving = plan;
  }

  async #launch(scopes: readonly StoredScope[] | null): Promise<void> {
    let plan: Plan | null = null;
    if (scopes !== null || !existsSync(this.#paths.config)) {
      plan = await this.#plan(scopes ?? [], new Map(), scopes === null);
      await checkPlan(plan);
      await this.#write(plan);
    } else this.#adrift = 'the routes were lost; HAProxy has its last configuration';
    this.#daemon = await startDaemon({
      argv: programArgv(this.#settings, this.#paths),
      logFile: this.#paths.log,
      identityFile: this.#paths.identity,
    });
    this.#logs.follow(await this.#awaitWorker(null));
    this.#serving = plan;
  }

  #plan(scopes: readonly StoredScope[], busy: Busy, damaged = false): Promise<Plan> {
    return planFor(scopes, {
      settings: this.#settings,
      paths: this.#paths,
      before: this.#stored,
      busy,
      certificates: this.#certificates?.certificates ?? [],
      sessionKey: this.#key,
      damaged,
    });
  }

  async #write(plan: Plan): Promise<void> {
    await writePlan(plan);
    this.#stored = { slots: plan.parts.slots, shape: plan.parts.shape };
  }

  /** Other certificates are in the folder: the same routes with them. */
  async #renew(): Promise<void> {
    try {
      await this.#turns.take(async () => {
        if (this.#serving && !this.#letting) await this.#serve(this.#serving.scopes);
      });
      this.#certificateProblem = null;
    } catch (error) {
      this.#certificateProblem = `the certificates were not taken: ${messageOf(error)}`;
      log('error', 'certificates-refused', { message: messageOf(error) });
    }
  }

  /** A new process takes over the listening sockets; the old one finishes what it has. */
  async #reload(): Promise<void> {
    const before = (await listWorkers(this.#paths.master)).current;
    this.#daemon?.signal('SIGUSR2');
    const stream = await this.#awaitWorker(before);
    this.#logs.follow(stream);
    const { old } = await listWorkers(this.#paths.master);
    for (const pid of old) await sendOnward(this.#paths, pid);
    log('info', 'haproxy-reloaded', { worker: stream.pid, old });
    this.#end(tooMany(old));
  }

  /** Reloads that come faster than users end their long connections cost somebody theirs in the end. */
  #end(workers: readonly number[]): void {
    if (workers.length === 0) return;
    for (const pid of workers)
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        // It ended just now.
      }
    log('warn', 'old-workers-ended', { workers });
    this.#events.lost(`${workers.length} processes of HAProxy were ended with what they still had`);
  }

  /** Waits for a worker other than the one before to answer. */
  async #awaitWorker(before: number | null): Promise<LogStream> {
    const deadline = performance.now() + startTimeoutMs;
    for (;;) {
      const { current } = await listWorkers(this.#paths.master).catch(() => ({ current: null }));
      if (current !== null && current !== before) {
        const stream = await this.#logs.open({}).catch(() => null);
        if (stream?.pid === current) return stream;
        stream?.close();
      }
      if (!this.#daemon?.alive() || performance.now() > deadline) throw this.#notServing();
      await sleep(lookEveryMs);
    }
  }

  #notServing(): CodedError {
    const notes = logTail(this.#paths.log);
    const taken = notes.some((line) => /cannot bind|address already in use/i.test(line));
    const { host, port } = this.#settings.listen;
    return taken
      ? new CodedError('traffic/listen-failed', `HAProxy cannot listen on ${host}:${port}`, { notes })
      : new CodedError('traffic/program-failed', 'HAProxy did not start to serve', {
          notes,
          help: `read its log: ${this.#paths.log}`,
        });
  }

  #observe({ slot: index, session, outcome, lot, failed }: LogLine): void {
    const slot = this.#stored.slots[index];
    if (!slot) return;
    const { scope, revision } = slot;
    this.#events.finished({ scope, revision, session, outcome, lot, failed });
  }

  /** The process that served ended, or its command connection did. */
  async #recover(): Promise<void> {
    if (this.#letting) return;
    await this.#daemon?.ended(1_000);
    if (this.#letting) return;
    if (!this.#daemon?.alive()) {
      this.#events.ended('HAProxy ended');
      return;
    }
    this.#events.lost('the connection to the request log broke');
    const stream = await this.#logs.open(null).catch(() => null);
    if (stream) this.#logs.follow(stream);
    else this.#events.ended('HAProxy does not answer');
  }

  #letGo(): void {
    this.#letting = true;
    this.#certificates?.close();
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }
}
