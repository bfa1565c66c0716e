import {
  commandsToForget,
  currentCommand,
  desiredRoutes,
  dueCheck,
  here,
  knownRevisions,
  noteTroubles,
  performEffects,
  planEnvironment,
  probeWishes,
  upgradeState,
  type CommandObservation,
  type EnvironmentState,
  type InstanceObservation,
  type Observed,
  type Revision,
  type Router,
  type RouterState,
} from '../delivery/index.ts';
import type { FlowHandler, Json } from '../flow/index.ts';
import { askCheck, type PublicAddress } from './due-check.ts';
import { maskSecrets, quotesProcesses } from './mask-secrets.ts';
import type { Place } from './targets.ts';

/** What an environment's flow acts on. */
export interface EnvironmentPorts {
  router: Router;
  /** Whom checks after traffic ask. */
  address: PublicAddress;
  /** Where its copies run. */
  placeOf(state: EnvironmentState): Place;
  /** Values that no reason or log tail may show. */
  secretsOf: (scope: string, revision: Revision) => Promise<string[]>;
  /** Removes what nothing needs any more; says whether it could. Never throws. */
  collect: (state: EnvironmentState, fence: number) => Promise<boolean>;
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
      const place = ports.placeOf(state);
      const seen = await observeEnvironment(state, { router: ports.router, place, address: ports.address });
      const observed = await withoutSecrets(state, seen, ports);
      const decision = planEnvironment({ state, signals, observed, nowMs });
      const failed = await performEffects(decision.effects, {
        portsOf: () => ({ router: ports.router, target: place }),
        routesOf: (machine) => desiredRoutes(state, observed, machine),
        fence,
      });
      await forgetCommands(state, place, fence);
      if (signals.some(({ name }) => name === 'collect') || revisionsGo(state, decision.state))
        collections.owe(state.scope);
      collections.goOn(decision.state, fence);
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

/** A rollout has ended, or what was on its way out is gone. */
function revisionsGo(before: EnvironmentState, after: EnvironmentState): boolean {
  return (
    (before.rollout !== null && after.rollout === null) || before.retiring.length > after.retiring.length
  );
}

/**
 * Which environments are to be rid of what nothing needs: each once when a server begins, for the last one may have died
 * before it did; then when revisions go. What could not be done, such as while the engine is away, is tried again.
 */
class Collections {
  private readonly settled = new Set<string>();
  private readonly underWay = new Set<string>();
  private readonly ports: EnvironmentPorts;

  constructor(ports: EnvironmentPorts) {
    this.ports = ports;
  }

  owe(scope: string): void {
    this.settled.delete(scope);
  }

  /** Begins what is owed, and does not wait for it. */
  goOn(state: EnvironmentState, fence: number): void {
    const { scope } = state;
    if (this.settled.has(scope) || this.underWay.has(scope)) return;
    this.settled.add(scope);
    this.underWay.add(scope);
    void this.ports.collect(state, fence).then((done) => {
      this.underWay.delete(scope);
      if (!done) this.settled.delete(scope);
    });
  }
}

/** Gathers everything a plan may look at. A router that does not answer is a fact, not a failure. */
export async function observeEnvironment(
  state: EnvironmentState,
  { router, place, address }: { router: Router; place: Place; address: PublicAddress },
): Promise<Observed> {
  const { scope, rollout } = state;
  const copies = place.observe(probeWishes(state));
  const [instances, routed, command, prepared] = await Promise.all([
    copies,
    router.observe(scope).catch((): RouterState | null => null),
    observeCommand(state, { place, address, copies }),
    rollout?.phase.at === 'preparing' ? place.observePrepared(rollout.candidate) : ('none' as const),
  ]);
  return { instances, routers: { [here]: routed }, command, prepared: { [here]: prepared }, silent: [] };
}

/** From this part of a check's time on, the end of its log is read: it may be the last chance. */
const tailFrom = 0.5;

async function observeCommand(
  state: EnvironmentState,
  {
    place,
    address,
    copies,
  }: { place: Place; address: PublicAddress; copies: Promise<InstanceObservation[]> },
): Promise<CommandObservation> {
  const { rollout } = state;
  const due = dueCheck(rollout);
  if (rollout && due?.check.kind === 'request')
    return askCheck({ ...due, check: due.check }, rollout, { instances: await copies, address });
  const key = currentCommand(state);
  if (!rollout || key === null) return { state: 'none' };
  const seen = await place.observeCommand(rollout.candidate, key);
  const late = due !== null && due.elapsedMs >= tailFrom * due.check.timeoutMs;
  if (seen.state !== 'running' || !late) return seen;
  return { ...seen, logTail: await place.readCommandLog(rollout.candidate, key) };
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
async function forgetCommands(state: EnvironmentState, place: Place, fence: number): Promise<void> {
  const revision = state.rollout?.candidate;
  if (!revision) return;
  for (const key of commandsToForget(state)) await place.forgetCommand({ revision, key }, fence);
}

function phaseOf({ rollout, stable }: EnvironmentState): string {
  if (rollout) return rollout.phase.at;
  return stable ? 'serving' : 'empty';
}
