import { rename, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DriverEvents, InFlight, LogPosition, RouterDriver } from '../agent/driver.ts';
import { findProgram } from '../agent/programs.ts';
import type { AgentSettings } from '../agent/settings.ts';
import { CertificateWatch } from '../certificate-watch.ts';
import { log, messageOf } from '../embedded/log.ts';
import { revisionToken, sessionKey } from '../embedded/session-cookie.ts';
import type { StoredScope } from '../embedded/state-file.ts';
import { scopeKey } from '../agent/scope-key.ts';
import { refused, requestsByAddress } from './admin.ts';
import { renderBack } from './back.ts';
import { CaddyProcess } from './caddy-process.ts';
import { firstDescriptor, renderFront } from './front.ts';
import { KnownRevisions } from './known-revisions.ts';
import { LogFollower, type ReadUntil } from './log-follower.ts';
import { backSocket, pathsIn, removeSockets, type CaddyPaths } from './paths.ts';
import { adapt, openSocket, requireVersion, type OpenSocket } from './program.ts';
import type { Json } from './routes.ts';
import type { NamedScope } from './scope-routes.ts';
import { Turns } from '../turns.ts';

const lookEveryMs = 500;
const tryEveryMs = 5;

/**
 * Drives two Caddys. The front has the connections of users and is left alone when routes change; the back has the
 * routes, each change of them as a configuration with a socket of its own. One symbolic link says which is the newest,
 * so that nothing new reaches a configuration that is about to end.
 *
 *   users ──► front ──newest──► back-7 ──► apps
 *                         (was: back-6, which finishes what it has)
 */
export class CaddyDriver implements RouterDriver {
  readonly #settings: AgentSettings;
  readonly #events: DriverEvents;
  readonly #paths: CaddyPaths;
  readonly #program: string;
  readonly #back: CaddyProcess;
  /** Null when a Caddy of the user's is in front. */
  readonly #front: CaddyProcess | null;
  readonly #known: KnownRevisions;
  readonly #requests: LogFollower;
  readonly #certificates: CertificateWatch | null;
  #scopes: readonly StoredScope[] | null = null;
  #watch: NodeJS.Timeout | undefined;
  #certificateProblem: string | undefined;
  /** Why Caddy serves something else than the state says. */
  #adrift: string | undefined;
  /** Changes happen one after the other, those for certificates included. */
  readonly #turns = new Turns();

  constructor(settings: AgentSettings, events: DriverEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#program = settings.program ?? findProgram('caddy');
    const { folder } = settings;
    this.#paths = pathsIn(folder);
    const parts = { program: this.#program, folder };
    this.#back = new CaddyProcess({ ...parts, paths: this.#paths.back, server: 'back' });
    const isOurs = settings.ownConfig.length === 0;
    this.#front = isOurs ? new CaddyProcess({ ...parts, paths: this.#paths.front, server: 'plain' }) : null;
    this.#known = new KnownRevisions(this.#paths.revisions);
    const scopeOf = (key: string) => this.#known.scopeOf(key);
    this.#requests = new LogFollower({ file: this.#paths.requests, scopeOf }, events);
    this.#certificates =
      settings.tls && isOurs ? new CertificateWatch(settings.tls.certificates, () => this.#renewed()) : null;
  }

  async start(scopes: readonly StoredScope[] | null, position: LogPosition): Promise<void> {
    await requireVersion(this.#program);
    await this.#requireOwn();
    this.#certificates?.close();
    this.#certificates?.follow();
    const front = (await this.#front?.join()) ? null : this.#front;
    const sockets = front ? await this.#openSockets() : [];
    try {
      const isNew = await this.#startBack(scopes, position as ReadUntil | null);
      const descriptors = sockets.flatMap(({ descriptor }) => [descriptor, descriptor]);
      await front?.start(this.#frontConfiguration(0), descriptors).catch(async (error: unknown) => {
        if (isNew) await this.#back.stop(0);
        throw error;
      });
    } finally {
      for (const { server } of sockets) server.close();
    }
    await this.#renewFront();
    this.#watch = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  async check(scopes: readonly StoredScope[]): Promise<void> {
    const unfit = scopes.flatMap(problemsOf)[0];
    if (unfit !== undefined) throw refused(unfit);
    await this.#requireOwn();
    await this.#back.check(this.#backConfiguration(scopes, (await this.#backGeneration()) + 1));
  }

  serve(scopes: readonly StoredScope[]): Promise<void> {
    return this.#turns.take(() => this.#serve(scopes));
  }

  async inFlight(): Promise<InFlight[]> {
    if (!this.#back.alive()) return [];
    return this.#known.inFlight(await requestsByAddress(this.#paths.back.admin));
  }

  settle(): Promise<void> {
    return this.#requests.settle();
  }

  listening(): { host: string; port: number } | null {
    return this.#ended() ? null : this.#settings.listen;
  }

  problems(): string[] {
    return [
      ...(this.#ended() ? ['Caddy does not run'] : []),
      ...[this.#adrift, this.#certificateProblem].filter((one) => one !== undefined),
      ...(this.#certificates?.problems ?? []),
    ];
  }

  async detach(): Promise<LogPosition> {
    this.#letGo();
    await this.#turns.over();
    return this.#requests.stop();
  }

  async stop(drainMs: number): Promise<void> {
    this.#letGo();
    await this.#turns.over();
    await this.#front?.stop(drainMs);
    await this.#back.stop(drainMs);
    await this.#requests.stop();
  }

  /** @returns Whether it was started, and not joined. */
  async #startBack(scopes: readonly StoredScope[] | null, position: ReadUntil | null): Promise<boolean> {
    if (!scopes) this.#adrift = 'the routes were lost; Caddy goes on with those it had';
    if (await this.#back.join()) {
      await this.#requests.follow(position);
      if (scopes) await this.serve(scopes);
      return false;
    }
    const isKept = scopes === null && this.#back.hasConfiguration();
    const configuration = isKept ? null : this.#backConfiguration(scopes, 1);
    if (configuration) await this.#back.check(configuration);
    await this.#known.learn(scopes ?? []);
    await this.#requests.follow(null);
    await removeSockets(this.#paths);
    await this.#back.start(configuration);
    await this.#point(backSocket(this.#paths, await this.#backGeneration()));
    this.#scopes = scopes;
    return true;
  }

  #openSockets(): Promise<OpenSocket[]> {
    const { listen, tls } = this.#settings;
    return Promise.all([listen, ...(tls ? [tls.listen] : [])].map(openSocket));
  }

  async #serve(scopes: readonly StoredScope[]): Promise<void> {
    const served = await this.#backGeneration();
    await this.#known.learn(scopes);
    if (!(await this.#back.has(this.#backConfiguration(scopes, served)))) {
      const socket = backSocket(this.#paths, served + 1);
      const loading = { done: false };
      const pointed = this.#pointOnce(socket, loading);
      try {
        await this.#back.load(this.#backConfiguration(scopes, served + 1));
      } finally {
        loading.done = true;
        await pointed;
      }
    }
    // Also when an agent ended between the two.
    await this.#point(backSocket(this.#paths, await this.#backGeneration()));
    this.#scopes = scopes;
    this.#adrift = undefined;
  }

  /** Leads to a socket as soon as it answers, while the configuration before still does. */
  async #pointOnce(socket: string, loading: { done: boolean }): Promise<void> {
    for (; !loading.done; await sleep(tryEveryMs))
      if (await answers(socket)) {
        await this.#point(socket);
        return;
      }
  }

  async #point(socket: string): Promise<void> {
    const { newest } = this.#paths;
    const draft = `${newest}.draft`;
    await rm(draft, { force: true });
    await symlink(socket, draft);
    await rename(draft, newest);
  }

  async #backGeneration(): Promise<number> {
    return Number(/back-(\d+)\|/.exec(await this.#back.listening())?.[1] ?? 0);
  }

  #backConfiguration(scopes: readonly StoredScope[] | null, generation: number): Json {
    const { tls, maxBodyBytes, responseTimeoutMs, drainTimeoutMs, acmeThumbprint } = this.#settings;
    const key = sessionKey(`${this.#settings.stateFile}.key`);
    const named = ({ routes }: StoredScope): NamedScope => ({
      key: scopeKey(routes.scope),
      routes,
      token: (revision) => revisionToken(key, routes.scope, revision),
    });
    return renderBack({
      scopes: scopes && scopes.map(named),
      generation,
      paths: this.#paths,
      tls: tls && { port: tls.listen.port, certificates: this.#certificates?.certificates ?? [] },
      limits: { maxBodyBytes, responseTimeoutMs },
      acmeThumbprint,
      drainTimeoutMs,
    });
  }

  #frontConfiguration(generation: number): Json {
    return renderFront({
      paths: this.#paths,
      generation,
      certificates: this.#settings.tls && (this.#certificates?.certificates ?? []),
      trustedProxies: this.#settings.trustedProxies,
      drainTimeoutMs: this.#settings.drainTimeoutMs,
    });
  }

  /** A Caddy of the user's must lead to us; what else it does is theirs. */
  async #requireOwn(): Promise<void> {
    const [own, ...more] = this.#settings.ownConfig;
    if (own === undefined) return;
    if (more.length > 0) throw refused('it takes one configuration of yours, which may import others');
    const { newest, folder } = this.#paths;
    const adapted = await adapt(this.#program, own, folder);
    if (!adapted.includes(JSON.stringify(`unix/${newest}`)))
      throw refused(`${own} does not lead to Slipway: put "reverse_proxy unix/${newest}" into its sites`);
  }

  /** Other certificates are in the folder: the front takes them, and the back knows their hosts. */
  #renewed(): void {
    if (!this.#front?.alive()) return;
    void this.#turns
      .take(async () => {
        await this.#renewFront();
        if (this.#scopes) await this.#serve(this.#scopes);
      })
      .then(
        () => (this.#certificateProblem = undefined),
        (error) => {
          this.#certificateProblem = `the certificates were not taken: ${messageOf(error)}`;
          log('error', 'certificates-refused', { message: messageOf(error) });
        },
      );
  }

  async #renewFront(): Promise<void> {
    const front = this.#front;
    if (!front) return;
    const served = Number((await front.listening()).replace('fd/', '')) - firstDescriptor;
    if (await front.has(this.#frontConfiguration(served))) return;
    const next = this.#frontConfiguration(served + 1);
    await front.check(next);
    await front.load(next);
  }

  #look(): void {
    const ended = this.#ended();
    if (!ended) return;
    this.#letGo();
    const reason = `Caddy ended: ${ended.lastWords()}`;
    void this.#requests.stop().finally(() => this.#events.ended(reason));
  }

  /** One that should run and does not. */
  #ended(): CaddyProcess | undefined {
    return [this.#back, this.#front].find((one) => one !== null && !one.alive()) ?? undefined;
  }

  #letGo(): void {
    clearInterval(this.#watch);
    this.#certificates?.close();
  }
}

/** What Caddy cannot be told. */
function problemsOf({ routes: { scope, rateLimit, pins } }: StoredScope): string[] {
  return [
    ...(rateLimit ? [`${scope}: it counts no requests by client, so there is no rate limit`] : []),
    ...pins.flatMap(({ by }) =>
      by.kind === 'header' && by.name.includes('_')
        ? [`${scope}: it drops headers with "_" in their names, such as "${by.name}"`]
        : [],
    ),
  ];
}

function answers(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const connection = connect(socket, () => {
      connection.destroy();
      done(true);
    });
    connection.on('error', () => done(false));
  });
}
