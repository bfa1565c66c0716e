import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { here, type Revision } from '../delivery/index.ts';
import type { Clock, Flow, TickContext } from '../flow/index.ts';
import { removeLeftovers, type Release } from '../release/index.ts';
import { keyFile, openKey, openVault, type Vault } from '../secrets/index.ts';
import { workKey } from '../runs/index.ts';
import { currentOwner, openStore, type Store } from '../store/index.ts';
import { ensureSupervisor, type SupervisorControl } from '../supervisor/index.ts';
import {
  createDockerTarget,
  createProcessTarget,
  type Collected,
  type DockerTarget,
  type ProcessTarget,
} from '../targets/index.ts';
import { abilities, acmeAccount, CertificateWatch, type EmbeddedRouter } from '../traffic/index.ts';
import { Background } from './background.ts';
import { certificateKeeper, withTls } from './certificates.ts';
import { dockerAt, homeIdOf, type Docker } from './docker.ts';
import { environmentHandler } from './environment-flow.ts';
import { environmentFlowId, environmentState } from './environments.ts';
import { lazyRamps } from './flags/lazy-ramps.ts';
import { flagDoor, flagVariables } from './flags/port.ts';
import { rolloutFlags } from './flags/rollout-flags.ts';
import { FlagService } from './flags/service.ts';
import { collect } from './garbage.ts';
import { HealthWatch } from './health-watch.ts';
import { containersOn } from './container-logs.ts';
import { Measuring } from './judge/measuring.ts';
import { layoutOf, type Layout } from './layout.ts';
import { startKeepingLogs } from './log-keeping.ts';
import { copyUse } from './machines/copy-use.ts';
import { countLines } from './machines/count-lines.ts';
import { factsOfHere } from './machines/facts.ts';
import { Guests } from './machines/guests.ts';
import { thisMachine } from './machines/here.ts';
import { machinesOf, type Machines } from './machines/machines.ts';
import { strangersAt } from './machines/strangers.ts';
import type { Connect, MachineLogQuery } from './machines/model.ts';
import { secretValues } from './mask-secrets.ts';
import { prepareRollout, type RolloutWish } from './prepare-rollout.ts';
import { valuesOf } from './processes.ts';
import { environmentLogs } from './read-logs.ts';
import { ReportWatch } from './report-watch.ts';
import { ensureRouter, type Listen } from './router-process.ts';
import { routerSettings } from './router-settings.ts';
import type { RunFlowData } from './run-data.ts';
import { runHandler } from './run-flow.ts';
import { shipHandler, type ShipData } from './ship-flow.ts';
import { takenData } from './shared-data-checks.ts';
import { shipRelease } from './ship-release.ts';
import { hasContainers, placeOf } from './targets.ts';
import { TickLoop } from './tick-loop.ts';
import { urlsOf } from './view-environment.ts';
import type { LogLine } from './views.ts';

/** How to open a system. */
export interface SystemOptions {
  home: string;
  version: string;
  listen: Listen;
  /** What jobs may know of the machine; see `machineEnvironment`. */
  machineEnv: Record<string, string>;
  /** `postgres://…`; SQLite in the home otherwise. */
  databaseUrl: string | null;
  /** The Docker engine for Compose apps: `unix://…`, `ssh://…`; null for where Docker puts it on this machine. */
  dockerHost: string | null;
  /** How the servers of other machines are reached. */
  connect: Connect;
  /** After which time without a sign of life a server that still exists (frozen, or on another machine) loses its claims. */
  leaseMs?: number;
  /** Workers of one run at the same time. */
  maxParallelJobs: number;
  log: (entry: { level: 'info' | 'error'; message: string; [key: string]: unknown }) => void;
}

/** Everything wired: the parts that the server's answers are made of. */
export interface System {
  options: SystemOptions;
  layout: Layout;
  store: Store;
  vault: Vault;
  supervisor: SupervisorControl;
  processes: ProcessTarget;
  docker: Docker;
  containers: DockerTarget;
  router: EmbeddedRouter;
  /** Where copies run: this machine, and those that environments name. */
  machines: Machines;
  /** What this machine does for servers elsewhere. */
  guests: Guests;
  /** Answers apps for the flags of their environments. */
  flags: FlagService;
  startedAtMs: number;
  /** By flow: why it could not move on when it was last ticked. */
  problems: ReadonlyMap<string, string>;
  /** By ship: what making its release is at, one sentence. */
  making: ReadonlyMap<string, string>;
  /** Certificates that could not be obtained, and why. */
  certificateProblems(): string[];
  /** By environment: what its last collection of garbage has removed. */
  collections: Map<string, Collected>;
  start(): void;
  /** Finishes the ticks under way and lets go of the store. Apps, router and supervisor go on. */
  stop(): Promise<void>;
}

/** Long enough for a machine that swaps or a slow disk; a server that is dead for certain is not waited for. */
const usualLeaseMs = 15_000;

const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/**
 * The composition root: opens the store, finds or starts supervisor and router, and joins the engines with their adapters.
 * Nothing moves before `start`.
 */
export async function openSystem(options: SystemOptions): Promise<System> {
  const { home } = options;
  const layout = layoutOf(home);
  const { owner, store } = await openOwnStore(options);
  try {
    const vault = openVault(store.secrets, await openKey(keyFile(home)));
    const supervisor = await ensureSupervisor(home);
    const settings = await routerSettings(layout);
    const account = settings.acme && (await acmeAccount(layout.acme.account));
    const router = await ensureRouter(
      { layout, supervisor, version: options.version },
      { listen: options.listen, settings, thumbprint: account?.thumbprint ?? null },
    );
    const certificates = settings.tls && new CertificateWatch(settings.tls.certificates, () => {});
    certificates?.follow();
    const keeper =
      settings.acme && account && settings.tls && certificates
        ? certificateKeeper(
            { ...settings, acme: settings.acme, tls: settings.tls },
            { account, watch: certificates, layout, log: options.log },
          )
        : null;
    const listen = withTls(options.listen, settings.tls, certificates);
    const processes = createProcessTarget({ supervisor, home });
    await cleanUp(layout);
    const docker = dockerAt(options.dockerHost, await homeIdOf(layout.homeId));
    const { engine, homeId } = docker;
    const containers = createDockerTarget({ engine, supervisor, home, homeId });
    const { version, connect, log } = options;
    const ownMachine = thisMachine({
      router,
      containers,
      address: listen,
      use: (scope, copies) => copyUse(scope, copies, { supervisor, docker }),
      countLines: (scope, asked) => countLines(scope, asked, { supervisor, docker }),
      facts: () => factsOfHere({ version, docker, store, abilities: abilities[settings.kind] }),
      strangers: (places, guest) => strangersAt(places, guest, docker),
      logs: (scope, query) => logsOfHere(scope, query, { layout, docker, store }),
    });
    const machines = machinesOf({ here: ownMachine, engine, connect, home: homeId, version, log });
    const guests = new Guests({ here: ownMachine, layout, docker, version });
    const look = (scope: string) => store.flows.signal(environmentFlowId(scope), 'look', null);
    const healthy = new HealthWatch(docker, look);
    const measuring = new Measuring({ machines, layout, path: options.machineEnv['PATH'] ?? '' });
    const flags = new FlagService({ store, layout, log });
    const problems = new Map<string, string>();
    const making = new Map<string, string>();
    const collections = new Map<string, Collected>();
    const parts = {
      options: { ...options, listen },
      layout,
      store,
      vault,
      supervisor,
      processes,
      docker,
      containers,
      router,
      machines,
      guests,
    };
    let stopKeeping = () => {};
    const loop = new TickLoop({
      store,
      handlers: handlersOf({ ...parts, flags }, { problems, making, collections, healthy, measuring }),
      owner,
      clock,
      leaseMs: options.leaseMs ?? usualLeaseMs,
      onError: (error, flow) => noteProblem(error, flow, { problems, log: options.log }),
    });
    return {
      ...parts,
      flags,
      startedAtMs: Date.now(),
      problems,
      making,
      collections,
      certificateProblems: () => keeper?.problems() ?? [],
      start: () => {
        loop.start();
        flags.start();
        stopKeeping = startKeepingLogs({
          layout,
          written: async () => (await supervisor.list()).map(({ logFile }) => logFile),
          now: () => clock.wallMs(),
          onError: (error) =>
            log({ level: 'error', message: 'could not keep logs short', error: String(error) }),
        });
        void keeper?.start();
      },
      stop: async () => {
        stopKeeping();
        await loop.stop();
        measuring.close();
        await flags.stop();
        machines.close();
        certificates?.close();
        healthy.close();
        keeper?.stop();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function logsOfHere(
  scope: string,
  { process: wanted, ...query }: MachineLogQuery,
  { layout, docker, store }: Pick<Parts, 'layout' | 'docker' | 'store'>,
): AsyncIterable<LogLine> {
  const [app = '', environment = ''] = scope.split('/');
  const containers = async () => {
    const state = await environmentState(scope, store);
    // What is not known here belongs to a server elsewhere, or to nobody.
    if (!state) return containersOn(scope, docker).catch(() => []);
    return hasContainers(state) ? containersOn(scope, docker) : [];
  };
  return environmentLogs({ layout, app, environment, process: wanted, containers }, query);
}

async function openOwnStore({
  home,
  databaseUrl,
  log,
}: SystemOptions): Promise<{ owner: string; store: Store }> {
  const owner = `server-${process.pid}-${Date.now().toString(36)}`;
  const store = await openStore({
    ...(databaseUrl === null ? {} : { url: databaseUrl }),
    home,
    clock,
    owner: currentOwner(owner),
    onError: (error) =>
      log({ level: 'error', message: 'could not write a signed head', error: String(error) }),
  });
  return { owner, store };
}

async function cleanUp(layout: Layout): Promise<void> {
  for (const app of await readdir(layout.apps).catch(() => []))
    await removeLeftovers(layout.app(app).releases);
  const left = (await readdir(layout.home)).filter((name) => name.startsWith('incoming-'));
  for (const name of left) await rm(join(layout.home, name), { recursive: true, force: true });
}

type Parts = Pick<
  System,
  | 'options'
  | 'layout'
  | 'store'
  | 'vault'
  | 'supervisor'
  | 'processes'
  | 'docker'
  | 'containers'
  | 'machines'
  | 'router'
>;

/** What goes on beside the flows. */
interface Notes {
  measuring: Measuring;
  healthy: HealthWatch;
  problems: Map<string, string>;
  making: Map<string, string>;
  collections: Map<string, Collected>;
}

function handlersOf(
  parts: Parts & Pick<System, 'flags'>,
  { problems, making: notes, collections, healthy, measuring }: Notes,
) {
  const { options, layout, vault, supervisor, processes, docker, machines, store, flags } = parts;
  const { machineEnv } = options;
  const background = new Background();
  const uncollected = new Map<string, string>();
  const reports = new ReportWatch((run) => void store.flows.signal(run, 'report', null).catch(() => {}));
  const prepare = (wish: RolloutWish) => prepareRollout(wish, parts);
  const making = new Map<string, Promise<Release>>();
  // Two deploy steps at once wait for one making.
  const releaseFor = (ship: ShipData): Promise<Release> => {
    const known = making.get(ship.id) ?? makeFor(ship).finally(() => making.delete(ship.id));
    making.set(ship.id, known);
    return known;
  };
  const makeFor = async (ship: ShipData): Promise<Release> => {
    const runs = await Promise.all(Object.keys(ship.runs).map((id) => store.flows.get(id)));
    const jobs = runs.flatMap((flow) => {
      const run = (flow?.data as RunFlowData | undefined)?.run;
      return run ? [{ run: run.id, keys: Object.values(run.jobs).map(workKey) }] : [];
    });
    return shipRelease(
      { ship: ship.id, app: ship.app, commit: ship.commit, jobs },
      { store, layout, vault, docker, machineEnv, onProgress: (sentence) => notes.set(ship.id, sentence) },
    ).finally(() => notes.delete(ship.id));
  };
  const places = {
    layout,
    vault,
    machineEnv,
    processes,
    valuesOf: (scope: string, revision: Revision) => valuesOf(scope, revision, vault),
    flagVariables: (scope: string) => flagVariables(scope, store),
    // A folder of this machine can be mounted on this machine alone.
    flagDoor: (scope: string) =>
      docker.engine.address.kind === 'unix' ? flagDoor(scope, { store, layout }) : Promise.resolve(null),
  };
  const handlers = [
    environmentHandler({
      machines,
      placeOf: (state, machine) => {
        if (hasContainers(state)) healthy.follow();
        return placeOf(state, machines.of(machine), places);
      },
      measure: (state, observed) => measuring.look(state, observed),
      flags: rolloutFlags({ store, refresh: () => flags.refresh() }),
      takenData: (state) => takenData(state, { store, layout, machines }),
      collect: async (state, names, fence) => {
        const work = { machines: names, fence };
        const undone = await collect(state, work, { ...parts, making: notes, collections }).catch(
          (error: unknown) => new Map(names.map((name) => [name, error])),
        );
        for (const [name, error] of undone) {
          // Images are being made.
          if (error === null) continue;
          const reason = error instanceof Error ? error.message : 'it failed without a reason';
          const message = `${state.scope}: could not collect garbage${name === here ? '' : ` on ${name}`}: ${reason}`;
          // It is tried again at every look.
          const place = `${state.scope} ${name}`;
          if (uncollected.get(place) !== message) options.log({ level: 'error', message });
          uncollected.set(place, message);
        }
        return [...undone.keys()];
      },
      secretsOf: (scope, revision) => secretValues(scope, revision, vault),
    }),
    runHandler({
      layout,
      supervisor,
      vault,
      machineEnv,
      background,
      reports,
      maxParallelJobs: options.maxParallelJobs,
      deploys: 'park',
      gitDirectory: (app) => layout.app(app).mirror,
      urlOf: (hosts) => urlsOf(hosts, options.listen)[0] ?? '',
      prepare,
      release: async ({ ship }) => releaseFor(await shipData(store, ship)),
      store,
    }),
    shipHandler({ background, prepare, release: releaseFor }),
    lazyRamps({ store, layout, machines, flags, path: machineEnv['PATH'] ?? '' }),
  ];
  return handlers.map((handler) => ({
    kind: handler.kind,
    tick: async (flow: Flow, context: TickContext) => {
      const transition = await handler.tick(flow as never, context);
      problems.delete(flow.id);
      return transition;
    },
  }));
}

async function shipData(store: Store, id: string): Promise<ShipData> {
  const flow = await store.flows.get(id);
  if (!flow) throw new Error(`ship ${id} is gone from the store`);
  return flow.data as ShipData;
}

function noteProblem(
  error: unknown,
  flow: Flow | null,
  { problems, log }: { problems: Map<string, string>; log: SystemOptions['log'] },
): void {
  const message = error instanceof Error ? error.message : String(error);
  if (flow) problems.set(flow.id, message);
  const stack = error instanceof Error ? error.stack : undefined;
  log({ level: 'error', message: `tick failed: ${message}`, flow: flow?.id, stack });
}
