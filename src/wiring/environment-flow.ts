import {
  commandsToForget,
  currentCommand,
  desiredRoutes,
  dueCheck,
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
  /** Begins to remove what nothing needs any more: after a rollout, and when it is asked for. */
  collect: (state: EnvironmentState, fence: number) => void;
}

/** How soon an effect that failed is tried again. */
const troubledLookMs = 500;

/** Looks at the world, lets delivery's engine plan, carries out the effects, and commits. */
export function environmentHandler(ports: EnvironmentPorts): FlowHandler<EnvironmentState> {
  return {
    kind: 'environment',
    async tick(flow, { nowMs, fence, signals }) {
      const state = upgradeState(flow.data);
      const place = ports.placeOf(state);
      const seen = await observeEnvironment(state, { router: ports.router, place, address: ports.address });
      const observed = await withoutSecrets(state, seen, ports);
      const decision = planEnvironment({ state, signals, observed, nowMs });
      const failed = await performEffects(decision.effects, {
        ports: { router: ports.router, target: place },
        routes: desiredRoutes(state, observed),
        fence,
      });
      await forgetCommands(state, place, fence);
      const ended = state.rollout !== null && decision.state.rollout === null;
      if (ended || signals.some(({ name }) => name === 'collect')) ports.collect(decision.state, fence);
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
  return { instances, router: routed, command, prepared };
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
