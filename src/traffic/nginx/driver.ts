import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import type { Daemon } from '../agent/daemon.ts';
import type { DriverEvents, InFlight, LogPosition, RouterDriver } from '../agent/driver.ts';
import { findProgram } from '../agent/programs.ts';
import type { AgentSettings } from '../agent/settings.ts';
import { CertificateWatch } from '../certificate-watch.ts';
import { log, messageOf } from '../embedded/log.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { Configuration } from './configuration.ts';
import { countInFlight, type KnownRevision } from './in-flight.ts';
import { LogFollower } from './log-follower.ts';
import { findForeignMaster, findMaster, reload, startMaster } from './master.ts';
import { endOldest } from './old-workers.ts';
import { scopeKey } from '../agent/scope-key.ts';
import { nginxPaths, type NginxPaths } from './paths.ts';
import { readBusy } from './status.ts';
import { observeWorkers } from './workers.ts';
import { kernelAddress } from '../agent/connections.ts';
import { Turns } from '../turns.ts';

/**
 * How long before a reload every answer ends its connection. A connection that is in use is used anew within that time;
 * one that has been idle for longer may still be closed by the reload in the moment in which its client takes it up.
 */
const closeAheadMs = 1_000;
/** nginx looks once in each whole second whether it is time. */
const noticedEveryMs = 1_000;
const lookEveryMs = 500;
/** Beyond the drain's time, for nginx to end itself. */
const endingMs = 10_000;

/** Drives nginx 1.22 or later: each change of routes is a new configuration, which new workers serve. */
export class NginxDriver implements RouterDriver {
  readonly #settings: AgentSettings;
  readonly #events: DriverEvents;
  readonly #paths: NginxPaths;
  readonly #program: string;
  readonly #isWhole: boolean;
  readonly #configuration: Configuration;
  readonly #logs: LogFollower;
  readonly #certificates: CertificateWatch | null;
  readonly #scopeNames = new Map<string, string>();
  readonly #known = new Map<string, KnownRevision>();
  #scopes: readonly StoredScope[] | null = null;
  #master: Daemon | null = null;
  #isForeign = false;
  #watch: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  /** Reloads happen one after the other, those for certificates included. */
  readonly #turns = new Turns();

  constructor(settings: AgentSettings, events: DriverEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#program = settings.program ?? findProgram('nginx');
    this.#paths = nginxPaths(settings, process.getuid?.() === 0);
    this.#isWhole = settings.ownConfig.length === 0;
    this.#configuration = new Configuration(settings, this.#paths, this.#program);
    const { accessLog, errorLog } = this.#paths;
    const scopeOf = (key: string) => this.#scopeNames.get(key);
    this.#logs = new LogFollower({ accessLog, errorLog, scopeOf, isWhole: this.#isWhole }, events);
    this.#certificates =
      settings.tls && new CertificateWatch(settings.tls.certificates, () => this.#renewed());
  }

  async start(scopes: readonly StoredScope[] | null, position: LogPosition): Promise<void> {
    await this.#configuration.prepare();
    this.#certificates?.follow();
    this.#master = await this.#find();
    const joined = this.#master !== null;
    if (!this.#master) {
      if (scopes || this.#configuration.generation === 0)
        await this.#configuration.put(scopes, this.#served());
      await this.#configuration.requireInclude();
      this.#master = await startMaster(this.#program, this.#paths, this.#isWhole);
      await rm(this.#paths.pendingFile, { force: true });
    }
    this.#learn(scopes ?? []);
    const from = position === null ? 'now' : 'parting';
    await this.#logs.follow(this.#master, joined ? from : 'beginning');
    if (scopes && joined) await this.serve(scopes);
    this.#watch = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  async check(scopes: readonly StoredScope[]): Promise<void> {
    await this.#configuration.check(scopes, this.#served());
  }

  async serve(scopes: readonly StoredScope[]): Promise<void> {
    await this.#turns.take(async () => {
      const inUse = this.#scopes === null || this.#scopes.length > 0;
      this.#learn(scopes);
      const { pendingFile } = this.#paths;
      if (this.#configuration.says(scopes, this.#served()) && !existsSync(pendingFile)) return;
      await this.#replace(scopes, inUse);
    });
  }

  async inFlight(): Promise<InFlight[]> {
    if (!this.#master) return [];
    const { listen, tls } = this.#settings;
    const listenPorts = new Set([listen.port, ...(tls ? [tls.listen.port] : [])]);
    const workers = observeWorkers(this.#master.pid);
    const busy = await readBusy(this.#paths.statusSocket);
    const counts = countInFlight({ workers, busy, listenPorts }, [...this.#known.values()]);
    const named = new Set(counts.map(({ scope, revision }) => knownId(scope, revision)));
    const quiet = !workers.some(({ leaving }) => leaving);
    for (const [id, { routed }] of this.#known)
      if (quiet && !routed && !named.has(id)) this.#known.delete(id);
    return counts;
  }

  settle(): Promise<void> {
    return this.#logs.settle();
  }

  listening(): { host: string; port: number } | null {
    return this.#master?.alive() ? this.#settings.listen : null;
  }

  problems(): string[] {
    return [...(this.#problem === undefined ? [] : [this.#problem]), ...(this.#certificates?.problems ?? [])];
  }

  async detach(): Promise<LogPosition> {
    this.#release();
    await this.#turns.over();
    await this.#logs.stop();
    return { parted: true };
  }

  async stop(drainMs: number): Promise<void> {
    this.#release();
    await this.#turns.over();
    const master = this.#master;
    if (!master || this.#isForeign) {
      await this.#logs.stop();
      return;
    }
    master.signal('SIGQUIT');
    if (!(await master.ended(drainMs + endingMs))) master.signal('SIGTERM');
    if (!(await master.ended(endingMs))) master.signal('SIGKILL');
    await this.#logs.ended();
    await rm(this.#paths.identityFile, { force: true });
    await rm(this.#paths.run, { recursive: true, force: true });
  }

  async #find(): Promise<Daemon | null> {
    const own = await findMaster(this.#paths);
    if (own || this.#isWhole) return own;
    const foreign = findForeignMaster(this.#paths.mainFile);
    this.#isForeign = foreign !== null;
    return foreign;
  }

  #served() {
    return this.#certificates?.certificates ?? [];
  }

  /** Names by which the log and the kernel know revisions. Those that left are remembered while anything is open. */
  #learn(scopes: readonly StoredScope[]): void {
    this.#scopes = scopes;
    for (const [id, known] of this.#known) this.#known.set(id, { ...known, weightPercent: 0, routed: false });
    for (const { routes } of scopes) {
      const { scope } = routes;
      this.#scopeNames.set(scopeKey(scope), scope);
      for (const { id: revision, weightPercent, endpoints } of routes.revisions) {
        const before = this.#known.get(knownId(scope, revision))?.addresses ?? [];
        const now = endpoints.map(({ host, port }) => kernelAddress(host, port));
        const addresses = new Set([...before, ...now]);
        this.#known.set(knownId(scope, revision), {
          scope,
          revision,
          weightPercent,
          routed: true,
          addresses,
        });
      }
    }
  }

  /** @param inUse - Somebody may have a connection to an app through nginx. */
  async #replace(scopes: readonly StoredScope[], inUse: boolean): Promise<void> {
    const master = this.#master;
    if (!master)
      throw new CodedError('traffic/program-failed', 'nginx does not run at this moment', {
        help: 'it is being started again; the same call tries again',
      });
    const closing = this.#configuration.closingFile(this.#configuration.generation);
    await writeFile(closing, '', { mode: 0o644 });
    try {
      if (inUse) await sleep(noticedEveryMs - (Date.now() % noticedEveryMs) + closeAheadMs);
      await writeFile(this.#paths.pendingFile, '');
      await this.#configuration.put(scopes, this.#served());
      await reload(master, () => [...this.#logs.errors].slice(-5));
      this.#boundOldWorkers(master);
    } finally {
      await rm(closing, { force: true });
    }
    await rm(this.#paths.pendingFile, { force: true });
    await this.#configuration.forgetCertificates();
  }

  /** Reloads that come faster than users end their long connections cost somebody theirs in the end. */
  #boundOldWorkers(master: Daemon): void {
    if (this.#isForeign) return;
    const ended = endOldest(master.pid);
    if (ended === 0) return;
    log('warn', 'old-workers-ended', { workers: ended });
    this.#events.lost(`${ended} workers of nginx were ended with what they still had`);
  }

  /** Other certificates are in the folder: the same routes with them. */
  #renewed(): void {
    if (!this.#master || !this.#scopes) return;
    const scopes = this.#scopes;
    void this.check(scopes)
      .then(() => this.serve(this.#scopes ?? scopes))
      .then(
        () => (this.#problem = undefined),
        (error) => {
          this.#problem = `the certificates were not taken: ${messageOf(error)}`;
          log('error', 'certificates-refused', { message: messageOf(error) });
        },
      );
  }

  #look(): void {
    if (!this.#master || this.#master.alive()) return;
    const reason = `nginx ended: ${this.#logs.errors.at(-1) ?? 'it says nothing'}`;
    this.#release();
    this.#master = null;
    void this.#logs.ended().finally(() => this.#events.ended(reason));
  }

  #release(): void {
    clearInterval(this.#watch);
    this.#certificates?.close();
  }
}

function knownId(scope: string, revision: string): string {
  return `${scope}\n${revision}`;
}
