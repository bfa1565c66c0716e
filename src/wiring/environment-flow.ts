import {
  commandKey,
  desiredRoutes,
  instancesToProbe,
  noteTroubles,
  performEffects,
  planEnvironment,
  type EnvironmentState,
  type Observed,
  type Revision,
  type Router,
  type RouterState,
  type Target,
} from '../delivery/index.ts';
import type { FlowHandler, Json } from '../flow/index.ts';
import type { ProcessTarget } from '../targets/index.ts';
import { maskSecrets, quotesProcesses } from './mask-secrets.ts';

/** What an environment's flow acts on. */
export interface EnvironmentPorts {
  router: Router;
  processes: ProcessTarget;
  target(scope: string): Target;
  /** Values that no reason or log tail may show. */
  secretsOf: (scope: string, revision: Revision) => Promise<string[]>;
}

/** How soon an effect that failed is tried again. */
const troubledLookMs = 500;

/** Id of the flow that owns an environment. */
export function environmentFlowId(scope: string): string {
  return `environment:${scope}`;
}

/** Looks at the world, lets delivery's engine plan, carries out the effects, and commits. */
export function environmentHandler(ports: EnvironmentPorts): FlowHandler<EnvironmentState> {
  return {
    kind: 'environment',
    async tick(flow, { nowMs, fence, signals }) {
      const state = flow.data;
      const observed = await withoutSecrets(state, await observeEnvironment(state, ports), ports);
      const decision = planEnvironment({ state, signals, observed, nowMs });
      const failed = await performEffects(decision.effects, {
        ports: { router: ports.router, target: ports.target(state.scope) },
        routes: desiredRoutes(state, observed),
        fence,
      });
      await forgetCommand(state, observed, { ports, fence });
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
  ports: Pick<EnvironmentPorts, 'router' | 'processes'>,
): Promise<Observed> {
  const { scope, rollout } = state;
  const health = rollout?.candidate.health;
  const probes = instancesToProbe(state).map((instance) => ({
    instance,
    path: health?.path ?? null,
    probeTimeoutMs: health?.probeTimeoutMs ?? 1_000,
  }));
  const [instances, router, command] = await Promise.all([
    ports.processes.observe(scope, probes),
    ports.router.observe(scope).catch((): RouterState | null => null),
    rollout
      ? ports.processes.observeCommand(scope, commandKey(rollout.candidate))
      : ({ state: 'none' } as const),
  ]);
  return { instances, router, command, prepared: 'done' };
}

async function withoutSecrets(
  { scope, stable, rollout }: EnvironmentState,
  observed: Observed,
  { secretsOf }: EnvironmentPorts,
): Promise<Observed> {
  if (!quotesProcesses(observed)) return observed;
  const revisions = [stable, rollout?.candidate].filter((revision) => !!revision);
  const values = await Promise.all(revisions.map((revision) => secretsOf(scope, revision)));
  return maskSecrets(observed, values.flat());
}

/** A release command that has ended and been taken into account is no longer the supervisor's business. */
async function forgetCommand(
  { scope, rollout }: EnvironmentState,
  { command }: Observed,
  { ports, fence }: { ports: EnvironmentPorts; fence: number },
): Promise<void> {
  if (!rollout || rollout.phase.at === 'migrating' || command.state === 'none') return;
  await ports.processes.forgetCommand(scope, commandKey(rollout.candidate), fence);
}

function phaseOf({ rollout, stable }: EnvironmentState): string {
  if (rollout) return rollout.phase.at;
  return stable ? 'serving' : 'empty';
}
