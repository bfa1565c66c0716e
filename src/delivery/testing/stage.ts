import { unreachable } from '../../diagnostics/index.ts';
import type { Signal } from '../../flow/index.ts';
import type { Effect } from '../effects.ts';
import { emptyEnvironment, type EnvironmentState, type RolloutRequest } from '../environment.ts';
import { homeOf, onMachine } from '../machines.ts';
import type { Observed } from '../observed.ts';
import type { Pin } from '../ports.ts';
import { performEffects } from '../perform.ts';
import { planEnvironment } from '../plan.ts';
import { desiredRoutes } from '../routes.ts';
import { noteTroubles } from '../trouble.ts';
import { World } from './world.ts';

/*
 * The state diagram of environment.ts, read step by step: an environment beside a world in memory, in which every
 * decision is a line. Effects are carried out as the wiring does it; time passes only where a test says so.
 */

/** Time between two looks. */
export const lookMs = 300;

/** An environment beside its world. */
export class Stage {
  readonly world = new World();
  state: EnvironmentState = emptyEnvironment('app/production');
  /** What happened, in the words of `describeEffect` and the types of events. */
  lines: string[] = [];
  /** A last word on what is seen, for what the world does not play. */
  see: (observed: Observed) => void = () => {};
  private fence = 0;
  private nowMs = 1_000_000;

  async tick(...signals: [name: string, payload: unknown][]): Promise<void> {
    const { state, world } = this;
    const observed = world.observe(state);
    this.see(observed);
    world.mayEnd = state.replacing?.service ?? null;
    if (signals.some(([name]) => name === 'abort') && state.rollout)
      world.aborted.add(state.rollout.candidate.id);
    const decision = planEnvironment({ state, signals: signals.map(asSignal), observed, nowMs: this.nowMs });
    const failed = await performEffects(decision.effects, {
      portsOf: (machine) => world.on(machine),
      routesOf: (machine) => desiredRoutes(state, observed, machine),
      flags: world.flags,
      fence: ++this.fence,
    });
    await world.forget(state, observed, this.fence);
    const next = noteTroubles(decision.state, failed, this.nowMs);
    this.state = JSON.parse(JSON.stringify(next)) as EnvironmentState;
    this.lines.push(...decision.effects.map(describeEffect), ...decision.events.map(({ type }) => type));
    this.lines.push(
      ...decision.replies.map(({ flowId, result }) => `tell ${flowId}: ${result.outcome}, ${result.reason}`),
    );
  }

  /** Looks again and again until something is true; copies age and end meanwhile. */
  async until(done: (state: EnvironmentState) => boolean): Promise<void> {
    for (let looks = 0; looks < 400; looks++) {
      if (done(this.state)) return;
      await this.tick();
      this.pass(lookMs);
    }
    throw new Error(`it does not come to that: ${JSON.stringify(this.state.rollout?.phase)}`);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    // Requests end at once, stopped copies too.
    this.world.pass(() => 0);
  }

  async serves(request: RolloutRequest): Promise<this> {
    await this.tick(['rollout', request]);
    await this.until(atRest);
    this.lines = [];
    return this;
  }

  get phase(): string {
    const phase = this.state.rollout?.phase;
    if (!phase) return 'none';
    return phase.at === 'reverting' ? `reverting ${phase.stage}` : phase.at;
  }
}

function describePin({ revision, by }: Pin): string {
  const what = by.kind === 'host' ? by.host : `${by.kind} ${by.name}=${by.value}`;
  return ` [${what} to ${revision}]`;
}

function asSignal([name, payload]: [string, unknown], id: number): Signal {
  return { id, flowId: 'environment', name, payload: structuredClone(payload) as never };
}

function describeEffect(effect: Effect): string {
  switch (effect.do) {
    case 'prepare':
      return `prepare ${effect.revision.id}${onMachine(effect.machine)}`;
    case 'run-command':
      return `run ${effect.command} of ${effect.revision.id}${onMachine(homeOf(effect.revision))}`;
    case 'start':
    case 'repair':
      return `${effect.do} ${effect.instance.id}`;
    case 'stop':
      return `stop ${effect.instance}`;
    case 'set-flags':
      return `flags ${Object.entries(effect.flags)
        .map(([flag, to]) => `${flag}=${JSON.stringify(to)}`)
        .join(' ')} (${effect.reason})`;
    case 'route':
      return `route ${effect.routes.revisions
        .map(({ id, weightPercent, endpoints }) => `${id}=${weightPercent}%/${endpoints.length}`)
        .join(
          ' ',
        )}${effect.routes.pins.map(describePin).join('')}${effect.routes.sticky ? ' sticky' : ''}${onMachine(effect.machine)}`;
    default:
      return unreachable(effect);
  }
}

/** Nothing is under way and nothing waits. */
export const atRest = ({ rollout, queue }: EnvironmentState): boolean =>
  rollout === null && queue.length === 0;
/** The rollout stands in a phase. */
export const at =
  (phase: string) =>
  ({ rollout }: EnvironmentState): boolean =>
    rollout?.phase.at === phase;

/** How the last rollout ended, as its asker was told. */
export function outcome({ lines }: Stage): string | undefined {
  return lines.findLast((line) => line.startsWith('tell'))?.replace('tell run-1: ', '');
}
