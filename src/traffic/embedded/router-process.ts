import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { RouterState } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import type { ProgramKind } from '../agent/programs.ts';
import type { ListenAddress, RouterArguments } from './arguments.ts';
import { Certificates } from './certificates.ts';
import { TrustedProxies } from './client-address.ts';
import { callControl } from './control-call.ts';
import { ControlServer, type ControlHandlers } from './control-server.ts';
import { Gate } from './gate.ts';
import { confirmation, spawnSuccessor, type Handover, type LastCounts } from './handover.ts';
import { Ledger, type LedgerSnapshot } from './ledger.ts';
import { addressOf, descriptorOf, listening } from './listening.ts';
import { log, messageOf } from './log.ts';
import { Predecessors } from './predecessors.ts';
import { createPublicServer, createPublicTlsServer, stopAccepting } from './public-server.ts';
import { completed, parseRoutes, sameRoutes, staleFence } from './routes.ts';
import { routerVersion } from './router-version.ts';
import { RoutingTable } from './routing-table.ts';
import { sessionKey } from './session-cookie.ts';
import { loadState, saveState } from './state-file.ts';
import { Upstreams } from './upstreams.ts';
import { Turns } from '../turns.ts';

/** What `GET /health` answers. */
export interface RouterHealth {
  kind: 'embedded' | ProgramKind;
  status: 'ok' | 'degraded';
  version: string;
  pid: number;
  /** Where users reach it; null before it listens. */
  listening: ListenAddress | null;
  /** Where they reach it over TLS 1.3; null without certificates. */
  listeningTls: ListenAddress | null;
  epoch: string;
  losses: number;
  scopes: number;
  /** What a person should look at, such as a damaged state file. */
  problems: string[];
  /** Processes before this one that still finish their requests. */
  predecessors: number;
}

/*
 *            start                     POST /upgrade                     confirmed
 *  loading ─────────► serving ────────────────────────► handing over ───────────► leaving ──► exit 0
 *                      │    ▲                                │                      ▲
 *                      │    └──── successor failed ──────────┘                      │
 *                      └──────────────── SIGTERM ───────────────────────────────────┘
 */
type Phase = 'loading' | 'serving' | 'handing-over' | 'leaving';

/** One router process, from its state file to its last request. */
export class RouterProcess {
  readonly #arguments: RouterArguments;
  readonly #ledger = new Ledger();
  readonly #table: RoutingTable;
  readonly #gate: Gate;
  readonly #server: Server;
  /** Null without TLS. */
  readonly #tls: { server: Server; certificates: Certificates } | null;
  readonly #control: ControlServer;
  #predecessors = new Predecessors([], () => {});
  #phase: Phase = 'loading';
  #epoch: string = randomUUID();
  #losses = 0;
  #problems: string[] = [];
  #confirm: (() => void) | undefined;
  /** What the successor was given, until it has confirmed or failed. */
  #handedCounts: LedgerSnapshot | undefined;
  /** Changes of routes happen one after the other. */
  readonly #turns = new Turns();

  constructor(routerArguments: RouterArguments) {
    this.#arguments = routerArguments;
    const upstreams = new Upstreams(routerArguments.responseTimeoutMs);
    this.#table = new RoutingTable({
      ledger: this.#ledger,
      upstreams,
      sessionKey: sessionKey(`${routerArguments.stateFile}.key`),
      random: Math.random,
    });
    const proxies = new TrustedProxies(routerArguments.trustedProxies);
    const { tls } = routerArguments;
    const certificates = tls && new Certificates(tls.certificates);
    this.#gate = new Gate({
      table: this.#table,
      ledger: this.#ledger,
      proxies,
      tls: tls && certificates && { certificates, port: tls.listen.port },
      acmeThumbprint: routerArguments.acmeThumbprint,
    });
    this.#server = createPublicServer(this.#gate);
    this.#tls = certificates && { server: createPublicTlsServer(this.#gate, certificates), certificates };
    this.#control = new ControlServer(routerArguments.controlSocket, this.#handlers());
  }

  /** Loads, listens, and when there is a predecessor takes over from it. When it fails nothing of it is left. */
  async start(): Promise<void> {
    await this.#control.listen();
    try {
      await this.#takeOver();
    } catch (error) {
      await this.#control.close();
      throw error;
    }
    log('info', 'serving', { ...this.#health() });
  }

  async #takeOver(): Promise<void> {
    const { predecessor } = this.#arguments;
    if (predecessor === null) await this.#loadFromDisk();
    else await this.#loadFrom(predecessor);
    await this.#listen();
    this.#phase = 'serving';
    await this.#control.takeName();
    await writeFile(this.#marker, JSON.stringify({ pid: process.pid, epoch: this.#epoch }));
    if (predecessor !== null) await this.#call(predecessor, 'POST', '/handover-done');
  }

  /** Stops accepting, finishes what is open, and resolves when nothing is left or the time is over. */
  async leave(reason: 'terminated' | 'succeeded'): Promise<void> {
    if (this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    this.#gate.leaving = true;
    log('info', 'leaving', { reason });
    await this.#drained(reason);
    if (reason === 'succeeded') await this.#sendLastCounts();
    else await rm(this.#marker, { force: true });
    await this.#control.close();
    log('info', 'left', { reason });
  }

  get #marker(): string {
    return `${this.#arguments.stateFile}.running`;
  }

  #handlers(): ControlHandlers {
    return {
      'PUT /routes': ({ body }) => this.#turns.take(() => this.#apply(body)),
      'GET /state': ({ query }) => this.#observe(query.get('scope') ?? ''),
      'GET /health': () => this.#health(),
      'POST /upgrade': ({ body }) => this.#upgrade(body),
      // Between a process and its successor:
      'POST /handover': () => this.#turns.take(() => Promise.resolve(this.#handOver())),
      'POST /handover-done': () => this.#confirm?.(),
      'GET /counts': () => this.#ledger.snapshot(),
      'PUT /successor-routes': ({ body }) => this.#follow(body),
      'POST /last-counts': ({ body }) => this.#takeLastCounts(body),
    };
  }

  async #loadFromDisk(): Promise<void> {
    const state = await loadState(this.#arguments.stateFile);
    for (const stored of state.scopes) this.#table.set(completed(stored));
    this.#problems = state.problems;
    this.#gate.stateDamaged = state.source === 'damaged';
    this.#losses = readOptional(this.#marker) === undefined ? 0 : 1;
    if (state.source !== 'none' && state.problems.length > 0)
      log('error', 'state-damaged', { source: state.source, problems: state.problems });
  }

  async #loadFrom(predecessor: string): Promise<void> {
    const handover = await this.#call<Handover>(predecessor, 'POST', '/handover');
    for (const stored of handover.scopes) this.#table.set(completed(stored));
    this.#ledger.add(handover.ledger);
    this.#ledger.lots.load(handover.lots);
    this.#epoch = handover.epoch;
    this.#losses = handover.losses;
    this.#problems = handover.problems;
    this.#gate.stateDamaged = handover.stateDamaged;
    this.#predecessors = new Predecessors(handover.predecessors, () => void (this.#losses += 1));
  }

  async #listen(): Promise<void> {
    const { listen, listenFd, tls } = this.#arguments;
    this.#tls?.certificates.follow();
    await listening(this.#server, listen, listenFd);
    if (this.#tls && tls) await listening(this.#tls.server, tls.listen, tls.listenFd);
  }

  async #apply(body: unknown): Promise<void> {
    this.#refuseUnlessServing();
    const stored = this.#table.stored();
    const desired = parseRoutes(
      body,
      stored.map((one) => one.routes),
    );
    const before = this.#table.scope(desired.routes.scope)?.stored;
    if (before && desired.fence < before.fence)
      throw staleFence(desired.routes.scope, desired.fence, before.fence);
    if (before && desired.fence === before.fence && sameRoutes(before.routes, desired.routes)) return;
    const others = stored.filter((one) => one.routes.scope !== desired.routes.scope);
    await saveState(this.#arguments.stateFile, [...others, desired]);
    this.#table.set(desired);
    this.#problems = [];
    this.#gate.stateDamaged = false;
    log('info', 'routes-applied', {
      scope: desired.routes.scope,
      fence: desired.fence,
      weights: Object.fromEntries(
        desired.routes.revisions.map(({ id, weightPercent }) => [id, weightPercent]),
      ),
    });
    await this.#predecessors.apply(desired.routes, desired.fence);
  }

  #refuseUnlessServing(): void {
    if (this.#phase !== 'serving')
      throw new CodedError('traffic/handing-over', 'the router is handing over to its successor', {
        help: 'ask again in a moment',
      });
  }

  async #observe(scope: string): Promise<RouterState> {
    const earlier = await this.#predecessors.counts();
    const total = new Ledger();
    total.add(this.#ledger.snapshot(scope), true);
    for (const { ledger } of earlier) total.add({ [scope]: ledger[scope] ?? {} }, true);
    const stored = this.#table.scope(scope)?.stored ?? null;
    const weights = new Map(stored?.routes.revisions.map(({ id, weightPercent }) => [id, weightPercent]));
    const ids = [...weights.keys(), ...total.revisionsOf(scope).filter((id) => !weights.has(id))];
    return {
      epoch: this.#epoch,
      losses: this.#losses,
      fence: stored?.fence ?? 0,
      routes: stored?.routes ?? null,
      unsure: false,
      revisions: ids
        .map((id) => total.of(scope, id).toTraffic(id, weights.get(id) ?? 0))
        .filter(({ id, inFlight }) => weights.has(id) || inFlight > 0),
      // What predecessors see of lots comes with their last counts.
      lots: this.#ledger.lots.told(scope),
    };
  }

  #health(): RouterHealth {
    const problems = [...this.#problems, ...(this.#tls?.certificates.problems ?? [])];
    return {
      kind: 'embedded',
      status: problems.length > 0 ? 'degraded' : 'ok',
      version: routerVersion,
      pid: process.pid,
      listening: addressOf(this.#server),
      listeningTls: this.#tls && addressOf(this.#tls.server),
      epoch: this.#epoch,
      losses: this.#losses,
      scopes: this.#table.stored().length,
      problems,
      predecessors: this.#predecessors.paths.length,
    };
  }

  async #upgrade(body: unknown): Promise<{ pid: number }> {
    if (this.#phase !== 'serving')
      throw new CodedError('traffic/upgrade-running', 'the router is already being replaced or is leaving');
    const argv = parseUpgrade(body);
    this.#phase = 'handing-over';
    try {
      const confirmed = new Promise<void>((resolve) => (this.#confirm = resolve));
      const child = spawnSuccessor({
        argv,
        listenFd: descriptorOf(this.#server),
        tlsListenFd: this.#tls && descriptorOf(this.#tls.server),
        ownControl: this.#control.ownPath,
      });
      await confirmation(child, confirmed);
      this.#phase = 'serving';
      // After the answer to this very request is on its way.
      setImmediate(() => void this.leave('succeeded').then(() => process.exit(0)));
      return { pid: child.pid ?? 0 };
    } catch (error) {
      await this.#resume(error);
      throw error;
    }
  }

  /** The successor failed: everything goes on as before, and the name is ours again should it have been taken. */
  async #resume(error: unknown): Promise<void> {
    log('error', 'upgrade-failed', { message: messageOf(error) });
    if (this.#handedCounts) {
      this.#ledger.add(this.#handedCounts);
      // It may have answered requests before it failed.
      this.#losses += 1;
    }
    this.#handedCounts = undefined;
    this.#ledger.lots.takeBack();
    this.#phase = 'serving';
    await this.#control.takeName();
  }

  #handOver(): Handover {
    if (this.#phase !== 'handing-over')
      throw new CodedError('traffic/invalid-control-call', 'no upgrade is under way');
    this.#handedCounts = this.#ledger.handOver();
    return {
      epoch: this.#epoch,
      losses: this.#losses,
      scopes: this.#table.stored(),
      ledger: this.#handedCounts,
      lots: this.#ledger.lots.handOver(),
      stateDamaged: this.#gate.stateDamaged,
      problems: this.#problems,
      predecessors: [...this.#predecessors.paths, this.#control.ownPath],
    };
  }

  /** Routes that the successor was given, in memory only: the state file is the successor's by now. */
  #follow(body: unknown): void {
    const { routes, fence } = parseRoutes(body, []);
    const before = this.#table.scope(routes.scope)?.stored;
    if (!before || fence >= before.fence) this.#table.set({ routes, fence });
  }

  #takeLastCounts(body: unknown): void {
    if (this.#phase !== 'serving' || this.#handedCounts)
      throw new CodedError('traffic/handing-over', 'the router is handing over; send to its successor');
    const { path, ledger, lots } = body as LastCounts;
    if (!this.#predecessors.paths.includes(path)) return;
    this.#predecessors.finished(path);
    this.#ledger.add(ledger);
    this.#ledger.lots.add(lots);
  }

  async #sendLastCounts(): Promise<void> {
    const body: LastCounts = {
      path: this.#control.ownPath,
      ledger: this.#ledger.snapshot(),
      lots: this.#ledger.lots.news(),
    };
    for (let tries = 0; tries < 50; tries++) {
      try {
        await this.#call(this.#arguments.controlSocket, 'POST', '/last-counts', body);
        return;
      } catch (error) {
        log('warn', 'last-counts-refused', { message: messageOf(error) });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  #drained(reason: 'terminated' | 'succeeded'): Promise<void> {
    const servers = this.#tls ? [this.#server, this.#tls.server] : [this.#server];
    this.#tls?.certificates.close();
    return new Promise((resolve) => {
      let open = servers.length;
      for (const server of servers) stopAccepting(server, () => --open === 0 && resolve());
      // With a successor, whoever is about to use an idle connection still gets an answer here.
      if (reason === 'terminated') for (const server of servers) server.closeIdleConnections();
      setTimeout(() => {
        log('warn', 'drain-timeout', { upgraded: this.#gate.upgraded.size });
        this.#gate.stopped = true;
        for (const socket of this.#gate.upgraded) socket.destroy();
        for (const server of servers) server.closeAllConnections();
        resolve();
      }, this.#arguments.drainTimeoutMs).unref();
    });
  }

  #call<T>(socketPath: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    return callControl<T>({ socketPath, method, path, body, timeoutMs: 15_000 });
  }
}

function readOptional(path: string | URL): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parseUpgrade(body: unknown): string[] | undefined {
  const argv = (body as { argv?: unknown } | undefined)?.argv;
  if (argv === undefined) return undefined;
  if (Array.isArray(argv) && argv.length > 0 && argv.every((one) => typeof one === 'string')) return argv;
  throw new CodedError('traffic/invalid-control-call', 'argv is a list of strings: the whole command line');
}
