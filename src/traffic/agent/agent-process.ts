import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RevisionTraffic, RouterAbilities, RouterState } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { abilities } from '../abilities.ts';
import { callControl } from '../embedded/control-call.ts';
import { ControlServer, type ControlHandlers } from '../embedded/control-server.ts';
import { confirmation } from '../embedded/handover.ts';
import { Ledger } from '../embedded/ledger.ts';
import { log, messageOf } from '../embedded/log.ts';
import { timedMs } from '../embedded/revision-counts.ts';
import type { RouterHealth } from '../embedded/router-process.ts';
import { routerVersion } from '../embedded/router-version.ts';
import { completed, parseRoutes, sameRoutes, staleFence } from '../embedded/routes.ts';
import { loadState, saveState, type StoredScope } from '../embedded/state-file.ts';
import type { DriverFactory, InFlight, LogPosition, Observation, Parting, RouterDriver } from './driver.ts';
import type { AgentSettings } from './settings.ts';
import { Turns } from '../turns.ts';

/*
 *            start              POST /upgrade              successor answers
 *  loading ─────────► serving ────────────────► parting ────────────────────► exit 0, the program goes on
 *                      │  ▲                        │
 *                      │  └── successor failed ────┘
 *                      └── SIGTERM ──► leaving ──► exit 0, the program has finished its requests and ended
 */
type Phase = 'loading' | 'serving' | 'parting' | 'leaving';

/** How long to wait before a program that ended is started again: first and at most. */
const firstPauseMs = 100;
const longestPauseMs = 10_000;

/** Nobody else is let in meanwhile, and the supervisor's patience must outlast it. */
const leaveDrainMs = 10_000;

/** The agent of one router: routes, fences and counts on our side, a driver towards the program. */
export class RouterAgent {
  readonly #settings: AgentSettings;
  readonly #driver: RouterDriver;
  readonly #control: ControlServer;
  readonly #ledger = new Ledger();
  #scopes = new Map<string, StoredScope>();
  #phase: Phase = 'loading';
  #epoch: string = randomUUID();
  #losses = 0;
  /** Whether the program may serve something else than the state says. */
  #unsure = false;
  #stateProblems: string[] = [];
  #stateDamaged = false;
  readonly #turns = new Turns();

  constructor(settings: AgentSettings, createDriver: DriverFactory) {
    this.#settings = settings;
    this.#driver = createDriver(settings, {
      finished: (observation) => this.#count(observation),
      lost: (reason) => this.#noteLost(reason),
      ended: (reason) => void this.#restart(reason),
    });
    this.#control = new ControlServer(settings.controlSocket, this.#handlers());
  }

  /** Loads, joins the program or starts it, and answers from then on. When it fails nothing of it is left. */
  async start(): Promise<void> {
    await mkdir(this.#settings.folder, { recursive: true, mode: 0o700 });
    await this.#control.listen();
    try {
      const position = await this.#load();
      await this.#driver.start(this.#desired(), position);
      this.#phase = 'serving';
      await this.#control.takeName();
      await writeFile(this.#marker, JSON.stringify({ pid: process.pid, epoch: this.#epoch }));
      await rm(this.#partingFile, { force: true });
    } catch (error) {
      await this.#control.close();
      throw error;
    }
    log('info', 'serving', { ...this.#health() });
  }

  /** Ends the program politely, and answers until then. */
  async leave(): Promise<void> {
    if (this.#phase === 'leaving') return;
    this.#phase = 'leaving';
    log('info', 'leaving');
    await this.#driver.stop(Math.min(leaveDrainMs, this.#settings.drainTimeoutMs));
    await rm(this.#marker, { force: true });
    await this.#control.close();
    log('info', 'left');
  }

  get #marker(): string {
    return `${this.#settings.stateFile}.running`;
  }

  get #partingFile(): string {
    return `${this.#settings.stateFile}.parting`;
  }

  #handlers(): ControlHandlers {
    return {
      'PUT /routes': ({ body }) => this.#turns.take(() => this.#apply(body)),
      'GET /state': ({ query }) => this.#observe(query.get('scope') ?? ''),
      'GET /health': () => this.#health(),
      'POST /upgrade': () => this.#turns.take(() => this.#upgrade()),
    };
  }

  async #load(): Promise<LogPosition> {
    const state = await loadState(this.#settings.stateFile);
    for (const stored of state.scopes) {
      this.#scopes.set(stored.routes.scope, completed(stored));
      this.#ledger.lots.of(stored.routes.scope).weigh(stored.routes.revisions);
    }
    this.#stateProblems = state.problems;
    this.#stateDamaged = state.source === 'damaged';
    if (state.problems.length > 0) log('error', 'state-damaged', { problems: state.problems });
    const parting = await this.#readParting();
    if (!parting) {
      this.#losses = existsSync(this.#marker) ? 1 : 0;
      return null;
    }
    this.#epoch = parting.epoch;
    this.#losses = parting.losses;
    this.#ledger.add(parting.ledger);
    this.#ledger.lots.load(parting.lots);
    return parting.position;
  }

  async #readParting(): Promise<Parting | null> {
    try {
      return JSON.parse(await readFile(this.#partingFile, 'utf8')) as Parting;
    } catch {
      return null;
    }
  }

  #desired(): StoredScope[] | null {
    return this.#stateDamaged ? null : [...this.#scopes.values()];
  }

  async #apply(body: unknown): Promise<void> {
    if (this.#phase !== 'serving')
      throw new CodedError('traffic/handing-over', 'the router is handing over to its successor', {
        help: 'ask again in a moment',
      });
    const stored = [...this.#scopes.values()];
    const desired = parseRoutes(
      body,
      stored.map((one) => one.routes),
    );
    const { scope } = desired.routes;
    const before = this.#scopes.get(scope);
    if (before && desired.fence < before.fence) throw staleFence(scope, desired.fence, before.fence);
    const equal = before && sameRoutes(before.routes, desired.routes);
    if (equal && desired.fence === before.fence && !this.#unsure) return;
    const all = [...stored.filter((one) => one.routes.scope !== scope), desired];
    await this.#driver.check(all);
    await saveState(this.#settings.stateFile, all);
    this.#scopes = new Map(all.map((one) => [one.routes.scope, one]));
    this.#stateDamaged = false;
    this.#stateProblems = [];
    this.#ledger.lots.of(scope).weigh(desired.routes.revisions);
    // Should it fail half-way, the same call must do it all again.
    this.#unsure = true;
    await this.#driver.serve(all);
    this.#unsure = false;
    await this.#forget(scope);
    log('info', 'routes-applied', {
      scope,
      fence: desired.fence,
      weights: Object.fromEntries(
        desired.routes.revisions.map(({ id, weightPercent }) => [id, weightPercent]),
      ),
    });
  }

  #count({ scope, revision, session, outcome, lot, failed }: Observation): void {
    if (!this.#scopes.has(scope)) return;
    const counts = this.#ledger.of(scope, revision);
    counts.start(session);
    counts.finish(session, outcome);
    if (failed) {
      const { atMs, ...ask } = failed;
      // A log without times is read as it is written.
      counts.failures.note({ ...ask, atMs: atMs ?? Date.now(), latencyMs: timedMs(outcome) ?? 0 });
    }
    const lots = this.#ledger.lots.of(scope);
    // The line of a later request may come before that of the one that drew: it says nothing then.
    const followed = lot === null ? lots.find(session, revision) : lots.drew(session, lot, revision);
    if (followed) lots.finish(followed, outcome);
  }

  #noteLost(reason: string): void {
    if (this.#losses === 0) log('warn', 'observations-lost', { reason });
    this.#losses += 1;
  }

  /** The program ended by itself: it comes back with the same routes. */
  async #restart(reason: string): Promise<void> {
    this.#noteLost(reason);
    for (
      let pauseMs = firstPauseMs;
      this.#phase === 'serving';
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    ) {
      log('error', 'program-ended', { reason });
      try {
        await this.#turns.take(() => this.#driver.start(this.#desired(), null));
        return;
      } catch (error) {
        log('error', 'program-not-started', { message: messageOf(error) });
        await sleep(pauseMs);
      }
    }
  }

  async #observe(scope: string): Promise<RouterState> {
    await this.#driver.settle();
    const inFlight = new Map(
      (await this.#driver.inFlight()).filter((one) => one.scope === scope).map((one) => [one.revision, one]),
    );
    const stored = this.#scopes.get(scope) ?? null;
    const weights = new Map(stored?.routes.revisions.map(({ id, weightPercent }) => [id, weightPercent]));
    const ids = [...weights.keys(), ...[...inFlight.keys()].filter((id) => !weights.has(id))];
    return {
      epoch: this.#epoch,
      losses: this.#losses,
      fence: stored?.fence ?? 0,
      routes: stored?.routes ?? null,
      unsure: this.#unsure,
      revisions: ids
        .map((id) => this.#traffic(scope, { id, weightPercent: weights.get(id) ?? 0 }, inFlight.get(id)))
        .filter(({ id, inFlight }) => weights.has(id) || inFlight > 0),
      lots: this.#able.lots ? this.#ledger.lots.told(scope) : null,
    };
  }

  #traffic(
    scope: string,
    { id, weightPercent }: { id: string; weightPercent: number },
    inFlight: InFlight | undefined,
  ): RevisionTraffic {
    const counted = this.#ledger.of(scope, id).toTraffic(id, weightPercent);
    return {
      ...counted,
      inFlight: inFlight?.count ?? 0,
      inFlightAt: inFlight?.at ?? null,
      failures: this.#able.failures ? counted.failures : null,
    };
  }

  get #able(): RouterAbilities {
    return abilities[this.#settings.kind];
  }

  /** Counts of revisions that left the routes go when nothing of them is in flight. */
  async #forget(scope: string): Promise<void> {
    const routed = this.#scopes.get(scope)?.routes.revisions.map(({ id }) => id) ?? [];
    const busy = (await this.#driver.inFlight()).filter((one) => one.scope === scope);
    this.#ledger.forget(scope, new Set([...routed, ...busy.map(({ revision }) => revision)]));
  }

  #health(): RouterHealth {
    const problems = [...this.#stateProblems, ...this.#driver.problems()];
    return {
      kind: this.#settings.kind,
      status: problems.length > 0 ? 'degraded' : 'ok',
      version: routerVersion,
      pid: process.pid,
      listening: this.#driver.listening(),
      listeningTls: this.#settings.tls?.listen ?? null,
      epoch: this.#epoch,
      losses: this.#losses,
      scopes: this.#scopes.size,
      problems,
      predecessors: 0,
    };
  }

  /** Puts a new agent, of the code that stands there now, in this one's place. The program does not notice. */
  async #upgrade(): Promise<{ pid: number }> {
    if (this.#phase !== 'serving')
      throw new CodedError('traffic/upgrade-running', 'the router is already being replaced or is leaving');
    this.#phase = 'parting';
    let position: LogPosition = null;
    try {
      position = await this.#driver.detach();
      const parting: Parting = {
        epoch: this.#epoch,
        losses: this.#losses,
        ledger: this.#ledger.snapshot(),
        lots: this.#ledger.lots.snapshot(),
        position,
      };
      await writeFile(this.#partingFile, JSON.stringify(parting), { mode: 0o600 });
      const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
        detached: true,
        stdio: ['ignore', 1, 2],
      });
      await confirmation(
        child,
        this.#answeredBy(() => child.pid),
      );
      // After the answer to this very request is on its way.
      setImmediate(() => void this.#control.close().then(() => process.exit(0)));
      return { pid: child.pid ?? 0 };
    } catch (error) {
      log('error', 'upgrade-failed', { message: messageOf(error) });
      this.#phase = 'serving';
      await rm(this.#partingFile, { force: true });
      await this.#control.takeName();
      // What could not be read to its end is read no further: the next start goes on from the end.
      await this.#driver
        .start(this.#desired(), position)
        .catch((reason: unknown) => void this.#restart(messageOf(reason)));
      throw error;
    }
  }

  async #answeredBy(pid: () => number | undefined): Promise<void> {
    const { controlSocket } = this.#settings;
    while (this.#phase === 'parting') {
      const health = await callControl<RouterHealth>({
        socketPath: controlSocket,
        method: 'GET',
        path: '/health',
        timeoutMs: 1_000,
      }).catch(() => null);
      if (health && health.pid === pid()) return;
      await sleep(50);
    }
  }
}
