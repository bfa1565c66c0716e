import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { findDaemon, startDaemon, type Daemon } from '../agent/daemon.ts';
import type { DriverEvents, DriverFactory, InFlight, LogPosition, RouterDriver } from '../agent/driver.ts';
import type { AgentSettings } from '../agent/settings.ts';
import { covers } from '../certificate-folder.ts';
import { CertificateWatch } from '../certificate-watch.ts';
import { log, messageOf } from '../embedded/log.ts';
import { sessionKey } from '../embedded/session-cookie.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { ask, listWorkers } from './commands.ts';
import { renderConfig, structureOf, type ConfigParts, type HaproxyPaths } from './config.ts';
import { pathsIn, readSlots, writeCertificates, writeMaps, writePages, writeWhole } from './files.ts';
import { changeLive, emptyOldWorker, planServers } from './live-change.ts';
import type { LogLine } from './log-line.ts';
import { LogStream, type Reading } from './log-stream.ts';
import { mapsFor, type Maps } from './maps.ts';
import { checkConfig, programArgv } from './program.ts';
import { assignSlots, firstShape, shapeFor, slotIndex, type Shape, type Slots } from './slots.ts';
import { logTail } from './log-tail.ts';

/** Less than whoever asks the agent waits for its answer. */
const settleTimeoutMs = 7_000;
const startTimeoutMs = 30_000;
const lookEveryMs = 20;
const tidyEveryMs = 1_000;

/** Everything that follows from routes. */
interface Plan {
  scopes: readonly StoredScope[];
  parts: ConfigParts;
  maps: Maps;
}

type Readings = Record<number, Reading>;

/** Makes the driver of HAProxy 2.6 or later. */
export const createHaproxyDriver: DriverFactory = (settings, events) => new HaproxyDriver(settings, events);

class HaproxyDriver implements RouterDriver {
  readonly #settings: AgentSettings;
  readonly #events: DriverEvents;
  readonly #paths: HaproxyPaths;
  #daemon: Daemon | null = null;
  #stream: LogStream | null = null;
  /** Of processes that finish what they have, after a reload. */
  readonly #oldStreams = new Set<LogStream>();
  #slots: Slots = [];
  #shape: Shape = firstShape;
  /** What runs; null when nobody knows for certain. */
  #serving: Plan | null = null;
  #key: Buffer | null = null;
  readonly #certificates: CertificateWatch | null;
  /** Why the newest certificates are not served. */
  #certificateProblem: string | null = null;
  /** Changes happen one after the other, those for certificates included. */
  #queue: Promise<unknown> = Promise.resolve();
  /** Why HAProxy serves something else than the state says. */
  #adrift: string | null = null;
  #tidying: NodeJS.Timeout | undefined;
  #letting = false;

  constructor(settings: AgentSettings, events: DriverEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#paths = pathsIn(settings.folder);
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
    const stored = await readSlots(this.#paths.slots);
    this.#slots = stored?.slots ?? [];
    this.#shape = stored?.shape ?? firstShape;
    this.#serving = null;
    this.#daemon = await findDaemon(this.#paths.identity);
    if (this.#daemon) await this.#join(scopes, position as Readings | null);
    else await this.#launch(scopes);
    this.#tidying ??= setInterval(() => void this.#tidy(), tidyEveryMs).unref();
  }

  async check(scopes: readonly StoredScope[]): Promise<void> {
    const plan = await this.#plan(scopes, new Set(this.#slots.keys()));
    await this.#checkPlan(plan);
  }

  serve(scopes: readonly StoredScope[]): Promise<void> {
    return this.#inTurn(() => this.#serve(scopes));
  }

  async #serve(scopes: readonly StoredScope[]): Promise<void> {
    await this.settle();
    const plan = await this.#plan(scopes, await this.#busySlots());
    const before = this.#serving;
    await this.#write(plan);
    this.#slots = plan.parts.slots;
    this.#shape = plan.parts.shape;
    this.#serving = null;
    if (before && structureOf(before.parts) === structureOf(plan.parts)) {
      const servers = planServers(before.parts.slots, plan.parts.slots, plan.parts.shape);
      await changeLive(this.#paths, servers, { before: before.maps, after: plan.maps });
    } else {
      await this.#checkPlan(plan);
      await this.#reload();
    }
    this.#serving = plan;
    this.#adrift = null;
  }

  async inFlight(): Promise<InFlight[]> {
    return [...(await this.#counts())].flatMap(([index, count]) => {
      const slot = this.#slots[index];
      return slot && count > 0 ? [{ scope: slot.scope, revision: slot.revision, count }] : [];
    });
  }

  async settle(): Promise<void> {
    const deadline = performance.now() + settleTimeoutMs;
    let stream = this.#stream;
    // Within a reload the mark may reach another process than the one that is read by then.
    while (stream && !(await stream.settle(this.#paths.mark))) {
      if (performance.now() > deadline)
        throw new CodedError('traffic/program-silent', 'the request log of HAProxy does not come', {
          help: "read the router's log",
        });
      stream = this.#stream;
    }
    if (!stream) return;
    for (const one of [stream, ...this.#oldStreams])
      if (one.hasGap()) this.#events.lost('lines of the request log are missing');
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
    const readings: Readings = {};
    for (const { pid, reading } of [this.#stream, ...this.#oldStreams].filter((one) => one !== null))
      readings[pid] = reading;
    this.#closeStreams();
    return readings;
  }

  async stop(): Promise<void> {
    this.#letGo();
    const daemon = this.#daemon;
    daemon?.signal('SIGUSR1');
    const deadline = performance.now() + this.#settings.drainTimeoutMs;
    while (daemon?.alive() && performance.now() < deadline) {
      const busy = await this.#counts().catch(() => new Map<number, number>());
      if ([...busy.values()].every((count) => count === 0)) break;
      await sleep(lookEveryMs);
    }
    this.#closeStreams();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      daemon?.signal(signal);
      if ((await daemon?.ended(5_000)) ?? true) break;
    }
  }

  /** HAProxy runs already, started by an agent before this one. */
  async #join(scopes: readonly StoredScope[] | null, readings: Readings | null): Promise<void> {
    this.#stream = await this.#openStream(readings);
    if (scopes === null) {
      this.#adrift = 'the routes were lost; HAProxy goes on with those it has';
      return;
    }
    const plan = await this.#plan(scopes, await this.#busySlots());
    await this.#checkPlan(plan);
    await this.#write(plan);
    this.#slots = plan.parts.slots;
    this.#shape = plan.parts.shape;
    // What an agent that crashed had in hand is not known: everything is said anew.
    await this.#reload();
    this.#serving = plan;
  }

  async #launch(scopes: readonly StoredScope[] | null): Promise<void> {
    let plan: Plan | null = null;
    if (scopes !== null || !existsSync(this.#paths.config)) {
      plan = await this.#plan(scopes ?? [], new Set(), scopes === null);
      await this.#checkPlan(plan);
      await this.#write(plan);
      this.#slots = plan.parts.slots;
      this.#shape = plan.parts.shape;
    } else this.#adrift = 'the routes were lost; HAProxy has its last configuration';
    this.#daemon = await startDaemon({
      argv: programArgv(this.#settings, this.#paths),
      logFile: this.#paths.log,
      identityFile: this.#paths.identity,
    });
    this.#stream = await this.#awaitWorker(null, {});
    this.#serving = plan;
  }

  async #plan(scopes: readonly StoredScope[], busy: ReadonlySet<number>, damaged = false): Promise<Plan> {
    const resolved = await resolveHosts(scopes);
    const slots = assignSlots(this.#slots, resolved, busy);
    const shape = shapeFor(this.#shape, resolved, slots);
    const certificates = this.#certificates?.certificates ?? [];
    const parts: ConfigParts = {
      settings: this.#settings,
      paths: this.#paths,
      shape,
      slots,
      certificates: await writeCertificates(this.#paths.certificates, certificates),
      damaged,
    };
    const hasCertificate = (host: string) => certificates.some((one) => covers(one, host));
    return {
      scopes,
      parts,
      maps: mapsFor(resolved, { slots, sessionKey: this.#key ?? Buffer.alloc(32), hasCertificate }),
    };
  }

  /** Other certificates are in the folder: the same routes with them. */
  async #renew(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        if (this.#serving && !this.#letting) await this.#serve(this.#serving.scopes);
      });
      this.#certificateProblem = null;
    } catch (error) {
      this.#certificateProblem = `the certificates were not taken: ${messageOf(error)}`;
      log('error', 'certificates-refused', { message: messageOf(error) });
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  async #checkPlan({ parts, maps }: Plan): Promise<void> {
    if (!existsSync(this.#paths.maps.hosts)) await writeMaps(this.#paths.maps, maps);
    await writeWhole(this.#paths.draft, renderConfig(parts));
    await checkConfig(this.#settings, this.#paths.draft);
  }

  /** Slots first: what HAProxy reads must never name one that nobody knows. */
  async #write({ parts, maps }: Plan): Promise<void> {
    await writeWhole(this.#paths.slots, JSON.stringify({ shape: parts.shape, slots: parts.slots }));
    await writeWhole(this.#paths.config, renderConfig(parts));
    await writeMaps(this.#paths.maps, maps);
  }

  /** A new process takes over the listening sockets; the old one finishes what it has. */
  async #reload(): Promise<void> {
    const before = (await listWorkers(this.#paths.master)).current;
    this.#daemon?.signal('SIGUSR2');
    const stream = await this.#awaitWorker(before, {});
    if (this.#stream) this.#oldStreams.add(this.#stream);
    this.#stream = stream;
    const { old } = await listWorkers(this.#paths.master);
    for (const pid of old) await emptyOldWorker(this.#paths, pid);
    log('info', 'haproxy-reloaded', { worker: stream.pid, old });
  }

  /** Waits for a worker other than the one before to answer. */
  async #awaitWorker(before: number | null, readings: Readings): Promise<LogStream> {
    const deadline = performance.now() + startTimeoutMs;
    for (;;) {
      const { current } = await listWorkers(this.#paths.master).catch(() => ({ current: null }));
      if (current !== null && current !== before) {
        const stream = await this.#openStream(readings).catch(() => null);
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

  #openStream(after: Readings | null): Promise<LogStream> {
    return LogStream.open(this.#paths.commands, {
      after,
      onLine: (line) => this.#observe(line),
      onEnd: (stream) => this.#streamEnded(stream),
    });
  }

  #observe({ backend, session, outcome }: LogLine): void {
    const slot = this.#slots[slotIndex(backend) ?? -1];
    if (slot) this.#events.finished({ scope: slot.scope, revision: slot.revision, session, outcome });
  }

  #streamEnded(stream: LogStream): void {
    if (this.#oldStreams.delete(stream) || stream !== this.#stream || this.#letting) return;
    this.#stream = null;
    void this.#recover();
  }

  /** The process that served ended, or its command connection did. */
  async #recover(): Promise<void> {
    await this.#daemon?.ended(1_000);
    if (this.#letting) return;
    if (!this.#daemon?.alive()) {
      this.#events.ended('HAProxy ended');
      return;
    }
    this.#events.lost('the connection to the request log broke');
    this.#stream = await this.#openStream(null).catch(() => null);
    if (!this.#stream) this.#events.ended('HAProxy does not answer');
  }

  async #busySlots(): Promise<Set<number>> {
    return new Set([...(await this.#counts())].filter(([, count]) => count > 0).map(([index]) => index));
  }

  /** Requests under way and waiting by slot, over all processes. */
  async #counts(): Promise<Map<number, number>> {
    const { current, old } = await listWorkers(this.#paths.master);
    const counts = new Map<number, number>();
    for (const pid of [current, ...old]) {
      if (pid === null) continue;
      for (const line of (await ask(this.#paths.master, `@!${pid} show stat -1 2 -1`)).split('\n')) {
        const [name = '', , waiting, , running] = line.split(',');
        const index = slotIndex(name);
        if (index !== undefined)
          counts.set(index, (counts.get(index) ?? 0) + Number(waiting) + Number(running));
      }
    }
    return counts;
  }

  /** Lets old processes go that have no connection left, a look after the last line has come. */
  async #tidy(): Promise<void> {
    for (const stream of this.#oldStreams) {
      const info = await ask(this.#paths.master, `@!${stream.pid} show info`).catch(() => '');
      if (/^CurrConns: 0$/m.test(info)) stream.close();
    }
  }

  #letGo(): void {
    this.#letting = true;
    this.#certificates?.close();
    clearInterval(this.#tidying);
    this.#tidying = undefined;
  }

  #closeStreams(): void {
    this.#stream?.close();
    for (const stream of this.#oldStreams) stream.close();
    this.#oldStreams.clear();
    this.#stream = null;
  }
}

/** HAProxy is given addresses; names of endpoints are looked up here. */
async function resolveHosts(scopes: readonly StoredScope[]): Promise<StoredScope[]> {
  const known = new Map<string, string>();
  for (const { routes } of scopes)
    for (const { host } of routes.revisions.flatMap(({ endpoints }) => endpoints))
      if (isIP(host) === 0 && !known.has(host)) known.set(host, await addressOf(host));
  return scopes.map(({ routes, fence }) => ({
    fence,
    routes: {
      ...routes,
      revisions: routes.revisions.map((revision) => ({
        ...revision,
        endpoints: revision.endpoints.map((one) => ({ ...one, host: known.get(one.host) ?? one.host })),
      })),
    },
  }));
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new CodedError('traffic/configuration-refused', `the address of "${host}" cannot be found`, {
      help: 'the routes before are still in force',
      cause,
    });
  }
}
