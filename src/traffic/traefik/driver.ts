import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../diagnostics/index.ts';
import { findDaemon, startDaemon, type Daemon } from '../agent/daemon.ts';
import type { DriverEvents, InFlight, LogPosition, RouterDriver } from '../agent/driver.ts';
import { findProgram } from '../agent/programs.ts';
import type { AgentSettings } from '../agent/settings.ts';
import { CertificateWatch } from '../certificate-watch.ts';
import { log, messageOf } from '../embedded/log.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { logTail } from '../agent/log-tail.ts';
import { connectionsOf } from '../agent/connections.ts';
import { requireVersion } from './check.ts';
import { Configuration } from './configuration.ts';
import { findForeign } from './foreign-process.ts';
import { countInFlight } from './in-flight.ts';
import { KnownRevisions } from './known-revisions.ts';
import { LogReader, type LogOffset } from './log-reader.ts';
import { LostLines } from './lost-lines.ts';
import { askGeneration } from './marks.ts';
import { PagesServer } from './pages-server.ts';
import { traefikPaths, type TraefikPaths } from './paths.ts';
import { ProgramLog } from './program-log.ts';
import { requiredLines } from './static-configuration.ts';
import { Turns } from '../turns.ts';

const startTimeoutMs = 30_000;
/** Less than whoever asks the agent waits for its answer. */
const changeTimeoutMs = 8_000;
const settleTimeoutMs = 7_000;
/** After which a change is said again. */
const repeatEveryMs = 1_500;
const askEveryMs = 10;
const lookEveryMs = 500;
/** Beyond the drain's time, for Traefik to end itself. */
const endingMs = 10_000;

/** Drives Traefik 3.7 or later: each change of routes is a new file in the folder that it watches. */
export class TraefikDriver implements RouterDriver {
  readonly #settings: AgentSettings;
  readonly #events: DriverEvents;
  readonly #paths: TraefikPaths;
  readonly #program: string;
  readonly #configuration: Configuration;
  readonly #pages: PagesServer;
  readonly #known = new KnownRevisions();
  readonly #log: LogReader;
  readonly #lostLines = new LostLines();
  readonly #certificates: CertificateWatch | null;
  #daemon: Daemon | null = null;
  /** What Traefik serves for certain; null when nobody knows. */
  #served: { scopes: readonly StoredScope[]; mark: string } | null = null;
  /** The user started Traefik, and ends it. */
  #isForeign = false;
  #problem: string | undefined;
  #watch: NodeJS.Timeout | undefined;
  /** Changes happen one after the other, those for certificates included. */
  readonly #turns = new Turns();

  constructor(settings: AgentSettings, events: DriverEvents) {
    if (settings.ownConfig.length > 1)
      throw new CodedError('traffic/invalid-arguments', 'Traefik is started with one configuration', {
        help: 'name one file of yours: slipway up --own-config FILE',
      });
    this.#settings = settings;
    this.#events = events;
    this.#program = settings.program ?? findProgram('traefik');
    this.#paths = traefikPaths(settings);
    this.#configuration = new Configuration(settings, this.#paths);
    this.#pages = new PagesServer(settings.acmeThumbprint);
    this.#log = new LogReader({
      paths: this.#paths,
      events,
      revisionOf: (service) => this.#known.revisionOf(service),
    });
    this.#certificates =
      settings.tls && new CertificateWatch(settings.tls.certificates, () => this.#renewed());
  }

  async start(scopes: readonly StoredScope[] | null, position: LogPosition): Promise<void> {
    await requireVersion(this.#program);
    await this.#configuration.prepare();
    await this.#pages.listen();
    this.#certificates?.close();
    this.#certificates?.follow();
    this.#served = null;
    this.#daemon = await this.#find();
    this.#known.announce(scopes ?? [], this.#configuration.sessionKey);
    if (this.#daemon) await this.#join(this.#daemon, scopes, position as LogOffset | null);
    else await this.#launch(scopes);
    this.#watch = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  async check(scopes: readonly StoredScope[]): Promise<void> {
    this.#configuration.check(await this.#content(scopes));
  }

  serve(scopes: readonly StoredScope[]): Promise<void> {
    return this.#turns.take(() => this.#replace(scopes));
  }

  async inFlight(): Promise<InFlight[]> {
    if (!this.#daemon) return [];
    const connections = new Map<string, number>();
    for (const { localPort, remote } of connectionsOf(this.#daemon.pid))
      if (!this.#ports.has(localPort)) connections.set(remote, (connections.get(remote) ?? 0) + 1);
    const { numbers } = this.#log;
    const counts = countInFlight(
      // Whose numbers they are is not known of a Traefik that others may start again.
      { connections, openUpTo: this.#isWhole ? (number) => numbers.openUpTo(number) : null },
      this.#known.all,
    );
    const busy = new Set(counts.map(({ scope, revision }) => `${scope}\n${revision}`));
    this.#known.forget(({ scope, revision }) => busy.has(`${scope}\n${revision}`));
    return counts;
  }

  async settle(): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon?.alive()) return;
    const mark = randomUUID();
    const beganMs = performance.now();
    void this.#ask(null, mark);
    const number = await this.#log.awaitMark(mark, settleTimeoutMs);
    if (number === undefined)
      throw new CodedError('traffic/program-silent', 'the access log of Traefik does not come', {
        notes: this.#isWhole ? logTail(this.#paths.logFile) : requiredLines(this.#settings, this.#paths),
        help: this.#isWhole
          ? `read its log: ${this.#paths.logFile}`
          : `these must stand in ${this.#paths.staticFile}, and Traefik be started again with them`,
      });
    this.#known.marked(number, beganMs);
    if (!this.#isWhole) return;
    const clients = connectionsOf(daemon.pid).filter(({ localPort }) => this.#ports.has(localPort)).length;
    const missing = this.#lostLines.look(this.#log.numbers.open, clients, performance.now());
    if (missing > 0) this.#events.lost(`${missing} lines of the access log are missing`);
  }

  listening(): { host: string; port: number } | null {
    return this.#daemon?.alive() ? this.#settings.listen : null;
  }

  problems(): string[] {
    return [
      ...(this.#daemon?.alive() ? [] : ['Traefik does not run']),
      ...(this.#configuration.staticIsCurrent
        ? []
        : ['Traefik runs with settings of before; they change with: slipway down && slipway up']),
      ...(this.#problem === undefined ? [] : [this.#problem]),
      ...(this.#certificates?.problems ?? []),
    ];
  }

  async detach(): Promise<LogPosition> {
    await this.settle();
    this.#release();
    await this.#turns.over();
    return this.#log.stop();
  }

  async stop(drainMs: number): Promise<void> {
    this.#release();
    await this.#turns.over();
    // What the user started goes on.
    const daemon = this.#isForeign ? null : this.#daemon;
    daemon?.signal('SIGTERM');
    if (daemon && !(await daemon.ended(drainMs + endingMs))) daemon.signal('SIGKILL');
    await daemon?.ended(endingMs);
    await this.#log.stop();
    this.#pages.close();
    await rm(this.#paths.identityFile, { force: true });
  }

  async #find(): Promise<Daemon | null> {
    const own = await findDaemon(this.#paths.identityFile);
    const foreign = own || this.#isWhole ? null : findForeign(this.#paths.accessLog);
    this.#isForeign = foreign !== null;
    return own ?? foreign;
  }

  get #isWhole(): boolean {
    return this.#settings.ownConfig.length === 0;
  }

  get #ports(): ReadonlySet<number> {
    const { listen, tls } = this.#settings;
    return new Set([listen.port, ...(tls ? [tls.listen.port] : [])]);
  }

  async #content(scopes: readonly StoredScope[] | null) {
    return {
      scopes,
      certificates: this.#certificates?.certificates ?? [],
      pagesPort: await this.#pages.listen(),
    };
  }

  /** Traefik runs already, started by an agent before this one. */
  async #join(
    daemon: Daemon,
    scopes: readonly StoredScope[] | null,
    position: LogOffset | null,
  ): Promise<void> {
    await this.#log.follow(daemon, position);
    if (scopes === null) this.#problem = 'the routes were lost; Traefik goes on with those it has';
    else await this.#replace(scopes);
  }

  async #launch(scopes: readonly StoredScope[] | null): Promise<void> {
    await this.#log.clear();
    await this.#configuration.putStatic();
    const content = await this.#content(scopes);
    const keep = scopes === null && this.#configuration.isThere;
    const generation = keep ? null : await this.#configuration.put(content);
    this.#problem = scopes === null ? 'the routes were lost; Traefik has its last configuration' : undefined;
    const log = new ProgramLog(this.#paths.logFile);
    const daemon = await startDaemon({
      argv: [this.#program, `--configFile=${this.#paths.staticFile}`],
      logFile: this.#paths.logFile,
      identityFile: this.#paths.identityFile,
    });
    this.#daemon = daemon;
    try {
      await this.#confirm(daemon, generation, startTimeoutMs);
      log.requireTaken();
    } catch (error) {
      daemon.signal('SIGKILL');
      await daemon.ended(endingMs);
      throw this.#notServing(error);
    }
    await this.#log.follow(daemon, 'beginning');
    if (scopes !== null) this.#inForce(scopes, this.#configuration.markOf(content));
  }

  #notServing(cause: unknown): CodedError {
    const notes = logTail(this.#paths.logFile);
    const { host, port } = this.#settings.listen;
    if (notes.some((line) => line.includes('address already in use')))
      return new CodedError('traffic/listen-failed', `Traefik cannot listen on ${host}:${port}`, { notes });
    if (!this.#isWhole && cause instanceof CodedError) return cause;
    return new CodedError('traffic/program-failed', 'Traefik did not start to serve', {
      notes,
      help: `read its log: ${this.#paths.logFile}`,
      cause,
    });
  }

  async #replace(scopes: readonly StoredScope[]): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon?.alive())
      throw new CodedError('traffic/program-failed', 'Traefik does not run at this moment', {
        help: 'it is being started again; the same call tries again',
      });
    const content = await this.#content(scopes);
    const mark = this.#configuration.markOf(content);
    if (this.#served?.mark === mark) return;
    this.#known.announce(scopes, this.#configuration.sessionKey);
    this.#served = null;
    const said = new ProgramLog(this.#paths.logFile);
    const generation = await this.#configuration.put(content);
    await this.#confirm(daemon, generation, changeTimeoutMs);
    said.requireTaken();
    this.#inForce(scopes, mark);
    await this.#configuration.forgetCertificates(content.certificates);
  }

  #inForce(scopes: readonly StoredScope[], mark: string): void {
    this.#known.settled(scopes, this.#configuration.sessionKey, performance.now());
    this.#served = { scopes, mark };
    this.#problem = undefined;
  }

  /**
   * Waits until every address of users answers with a generation.
   *
   * @param generation - Null takes any.
   * @throws CodedError `traffic/control-failed`
   */
  async #confirm(daemon: Daemon, generation: string | null, timeoutMs: number): Promise<void> {
    const { tls } = this.#settings;
    const name = this.#certificates?.certificates[0]?.names[0]?.replace('*', 'mark');
    const waiting = new Set<string | null>([null, ...(tls && name !== undefined ? [name] : [])]);
    const deadline = performance.now() + timeoutMs;
    for (let repeatAt = performance.now() + repeatEveryMs; ; await sleep(askEveryMs)) {
      for (const tlsName of waiting) {
        const answer = await this.#ask(tlsName, 'generation');
        if (answer !== null && answer === (generation ?? answer)) waiting.delete(tlsName);
      }
      if (waiting.size === 0) return;
      if (!daemon.alive() || performance.now() > deadline) break;
      if (performance.now() < repeatAt) continue;
      await this.#configuration.repeat();
      repeatAt = performance.now() + repeatEveryMs;
    }
    throw new CodedError('traffic/control-failed', 'Traefik did not take its new configuration', {
      notes: this.#isWhole ? logTail(this.#paths.logFile) : requiredLines(this.#settings, this.#paths),
      help: this.#isWhole
        ? 'it goes on with the one before; the same call tries again'
        : `these must stand in ${this.#paths.staticFile}, and Traefik be started again with them`,
    });
  }

  #ask(tlsName: string | null, mark: string): Promise<string | null> {
    const { listen, tls } = this.#settings;
    return askGeneration({
      listen: tlsName === null ? listen : (tls?.listen ?? listen),
      tlsName,
      host: this.#configuration.markHost,
      mark,
    });
  }

  /** Other certificates are in the folder: the same routes with them. */
  #renewed(): void {
    void this.#turns
      .take(async () => {
        if (this.#daemon && this.#served) await this.#replace(this.#served.scopes);
      })
      .catch((error: unknown) => {
        this.#problem = `the certificates were not taken: ${messageOf(error)}`;
        log('error', 'certificates-refused', { message: messageOf(error) });
      });
  }

  #look(): void {
    if (!this.#daemon || this.#daemon.alive()) return;
    const reason = `Traefik ended: ${logTail(this.#paths.logFile).at(-1) ?? 'it says nothing'}`;
    this.#release();
    this.#daemon = null;
    void this.#log.stop().finally(() => this.#events.ended(reason));
  }

  #release(): void {
    clearInterval(this.#watch);
    this.#certificates?.close();
  }
}
