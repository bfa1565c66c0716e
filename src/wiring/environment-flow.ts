import {
  commandsToForget,
  currentCommand,
  desiredRoutes,
  dueCheck,
  here,
  homeOf,
  knownRevisions,
  machineOf,
  machinesOf,
  noteTroubles,
  performEffects,
  planEnvironment,
  probeWishes,
  takesBack,
  upgradeState,
  withTraces,
  type CommandObservation,
  type Decision,
  type EnvironmentState,
  type InstanceObservation,
  type Observed,
  type Preparation,
  type Revision,
  type RouterState,
} from '../delivery/index.ts';
import type { FlowHandler, Json } from '../flow/index.ts';
import { askCheck } from './due-check.ts';
import type { RolloutFlags } from './flags/rollout-flags.ts';
import { gatherTraces } from './gather-traces.ts';
import { isSilence } from './machines/link.ts';
import type { Machines } from './machines/machines.ts';
import { maskSecrets, quotesProcesses } from './mask-secrets.ts';
import type { Place } from './targets.ts';

/** What an environment's flow acts on. */
export interface EnvironmentPorts {
  machines: Machines;
  /** Where its copies run on a machine. */
  placeOf(state: EnvironmentState, machine: string): Place;
  /** Values that no reason or log tail may show. */
  secretsOf: (scope: string, revision: Revision) => Promise<string[]>;
  /** Why shared services of the rollout that is being prepared may not start, or null. */
  takenData: (state: EnvironmentState) => Promise<string | null>;
  /** What the judge of the rollout asks for, as far as it is known by now. */
  measure: (
    state: EnvironmentState,
    observed: Pick<Observed, 'routers'>,
  ) => Pick<Observed, 'metrics' | 'probed'>;
  flags: RolloutFlags;
  /** Removes what nothing needs any more; gives the machines on which it could not. Never throws. */
  collect: (state: EnvironmentState, machines: string[], fence: number) => Promise<string[]>;
}

/** How soon an effect that failed is tried again. */
const troubledLookMs = 500;

/** Looks at the world, lets delivery's engine plan, carries out the effects, and commits. */
export function environmentHandler(ports: EnvironmentPorts): FlowHandler<EnvironmentState> {
  const collections = new Collections(ports);
  return {
    kind: 'environment',
    async tick(flow, { nowMs, fence, signals }) {
      const state = upgradeState(flow.data);
      const observed = await withoutSecrets(state, await observeEnvironment(state, ports), ports);
      const planned = planEnvironment({ state, signals, observed, nowMs });
      const decision = await toldWithTraces(planned, { observed, nowMs }, ports);
      const failed = await performEffects(decision.effects, {
        portsOf: (machine) => ({
          router: ports.machines.of(machine).router,
          target: ports.placeOf(state, machine),
        }),
        routesOf: (machine) => desiredRoutes(state, observed, machine),
        flags: ports.flags.of(state.scope),
        fence,
      });
      await forgetCommands(state, observed, { ports, fence });
      if (signals.some(({ name }) => name === 'collect') || revisionsGo(state, decision.state))
        collections.owe(state.scope);
      collections.goOn(decision.state, observed, fence);
      // What could not be done is part of the state: deadlines go on, and a release that mends it is not held up.
      return {
        phase: phaseOf(decision.state),
        data: noteTroubles(decision.state, failed, nowMs),
        wakeAtMs: nowMs + Math.max(decision.wakeInMs, failed.length > 0 ? troubledLookMs : 0),
        events: decision.events,
        consumed: signals.map(({ id }) => id),
        send: decision.replies.map(({ flowId, result }) => ({
          flowId,
          name: 'rollout-finished',
          payload: { ...result } as unknown as Json,
        })),
      };
    },
  };
}

async function toldWithTraces(
  decision: Decision,
  { observed, nowMs }: { observed: Observed; nowMs: number },
  ports: EnvironmentPorts,
): Promise<Decision> {
  const { state } = decision;
  if (!state.rollout || !takesBack(decision)) return decision;
  const leaving = { state, rollout: state.rollout, observed, nowMs };
  return withTraces(decision, await gatherTraces(leaving, ports));
}

/** A rollout has ended, or what was on its way out is gone. */
function revisionsGo(before: EnvironmentState, after: EnvironmentState): boolean {
  return (
    (before.rollout !== null && after.rollout === null) || before.retiring.length > after.retiring.length
  );
}

/**
 * Which environments are to be rid of what nothing needs, on which machines: each once when a server begins, for the last
 * one may have died before it did; then when revisions go. What could not be done, such as while an engine is away, is
 * tried again; a machine that is silent is waited for.
 */
class Collections {
  /** By environment: its machines on which nothing is owed. */
  private readonly settled = new Map<string, Set<string>>();
  private readonly underWay = new Set<string>();
  private readonly ports: EnvironmentPorts;

  constructor(ports: EnvironmentPorts) {
    this.ports = ports;
  }

  owe(scope: string): void {
    this.settled.delete(scope);
  }

  /** Begins what is owed, and does not wait for it. */
  goOn(state: EnvironmentState, { silent }: Observed, fence: number): void {
    const { scope } = state;
    const settled = this.settled.get(scope) ?? new Set();
    const owed = machinesOf(state).filter((name) => !settled.has(name) && !silent.includes(name));
    if (owed.length === 0 || this.underWay.has(scope)) return;
    this.settled.set(scope, settled);
    this.underWay.add(scope);
    for (const name of owed) settled.add(name);
    void this.ports.collect(state, owed, fence).then((undone) => {
      this.underWay.delete(scope);
      for (const name of undone) settled.delete(name);
    });
  }
}

type Looking = Pick<EnvironmentPorts, 'machines' | 'placeOf' | 'takenData' | 'measure' | 'flags'>;

/** What was seen on one machine. */
interface Look {
  machine: string;
  /** Why it could not be looked at; null when it could. */
  problem: string | null;
  instances: InstanceObservation[];
  /** Null: the router does not answer, which is a fact, not a failure. */
  router: RouterState | null;
  prepared: Preparation;
  taken: string | null;
}

/** Gathers everything a plan may look at, on all machines side by side. One that does not answer is a fact, too. */
export async function observeEnvironment(state: EnvironmentState, looking: Looking): Promise<Observed> {
  const names = machinesOf(state);
  const looks = Promise.all(names.map((name) => lookAt(state, name, looking)));
  const [all, command, flags] = await Promise.all([
    looks,
    observeCommand(state, looking, looks),
    looking.flags.see(state),
  ]);
  const problems = all.flatMap(({ machine, problem }) =>
    problem === null ? [] : [[machine, problem] as const],
  );
  looking.machines.note(state.scope, new Map(problems));
  const routers = Object.fromEntries(all.map(({ machine, router }) => [machine, router]));
  return {
    instances: all.flatMap(({ instances }) => instances),
    routers,
    command,
    prepared: Object.fromEntries(all.map(({ machine, prepared }) => [machine, prepared])),
    silent: problems.map(([machine]) => machine),
    taken: all.find(({ taken }) => taken !== null)?.taken ?? null,
    ...looking.measure(state, { routers }),
    flags,
  };
}

/** An environment that is on this machine alone has nothing to plan for while its engine is away: then this throws. */
async function lookAt(
  state: EnvironmentState,
  machine: string,
  { machines, placeOf, takenData }: Looking,
): Promise<Look> {
  const { scope, rollout } = state;
  const place = placeOf(state, machine);
  const preparing = rollout?.phase.at === 'preparing' && rollout.candidate.machines.includes(machine);
  const { router } = machines.of(machine);
  try {
    const [instances, routed, prepared, taken] = await Promise.all([
      place.observe(probeWishes(state).filter(({ id }) => machineOf(id) === machine)),
      router.observe(scope).catch((): RouterState | null => null),
      preparing ? place.observePrepared(rollout.candidate) : ('none' as const),
      preparing && machine === homeOf(rollout.candidate) ? takenData(state) : null,
    ]);
    return { machine, problem: null, instances, router: routed, prepared, taken };
  } catch (error) {
    if (machine === here && machinesOf(state).length === 1) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    return { machine, problem, instances: [], router: null, prepared: 'none', taken: null };
  }
}

/** From this part of a check's time on, the end of its log is read: it may be the last chance. */
const tailFrom = 0.5;
const tailLines = 20;

async function observeCommand(
  state: EnvironmentState,
  looking: Looking,
  looks: Promise<Look[]>,
): Promise<CommandObservation> {
  const { rollout } = state;
  const due = dueCheck(rollout);
  if (rollout && due?.check.kind === 'request') {
    const all = await looks;
    const instances = all.flatMap(({ instances: seen }) => seen);
    const hosts = Object.fromEntries(all.map(({ machine, router }) => [machine, router?.routes?.hosts]));
    return askCheck({ ...due, check: due.check }, rollout, { instances, hosts, machines: looking.machines });
  }
  const key = currentCommand(state);
  if (!rollout || key === null) return { state: 'none' };
  const home = homeOf(rollout.candidate);
  try {
    const place = looking.placeOf(state, home);
    const seen = await place.observeCommand(rollout.candidate, key);
    const late = due !== null && due.elapsedMs >= tailFrom * due.check.timeoutMs;
    if (seen.state !== 'running' || !late) return seen;
    return { ...seen, logTail: await place.readLog(rollout.candidate, key, tailLines) };
  } catch (error) {
    // What runs on a machine that is away may still be running.
    if ((await looks).some(({ machine, problem }) => machine === home && problem !== null))
      return { state: 'running', logTail: [] };
    throw error;
  }
}

async function withoutSecrets(
  state: EnvironmentState,
  observed: Observed,
  { secretsOf }: EnvironmentPorts,
): Promise<Observed> {
  if (!quotesProcesses(observed)) return observed;
  const shared = state.shared.map(({ revision }) => revision);
  const revisions = new Map([...shared, ...knownRevisions(state)].map((revision) => [revision.id, revision]));
  const values = await Promise.all(
    [...revisions.values()].map((revision) => secretsOf(state.scope, revision)),
  );
  return maskSecrets(observed, [...new Set(values.flat())]);
}

/** A task that has ended and been taken into account is no longer the target's business. */
async function forgetCommands(
  state: EnvironmentState,
  observed: Observed,
  { ports, fence }: { ports: EnvironmentPorts; fence: number },
): Promise<void> {
  const revision = state.rollout?.candidate;
  // A way back waits for no machine that is away.
  if (!revision || observed.silent.includes(homeOf(revision))) return;
  const place = ports.placeOf(state, homeOf(revision));
  for (const key of commandsToForget(state, observed))
    await place.forgetCommand({ revision, key }, fence).catch((error: unknown) => {
      // It is forgotten at a later look, then; but whoever is late must not go on.
      if (!isSilence(error)) throw error;
    });
}

function phaseOf({ rollout, stable }: EnvironmentState): string {
  if (rollout) return rollout.phase.at;
  return stable ? 'serving' : 'empty';
}
