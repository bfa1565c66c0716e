import { randomBytes } from 'node:crypto';
import { isOfVariants, judgeLevels, type JudgeDefinition } from '../../app/index.ts';
import { flagWishes } from '../../delivery/index.ts';
import { CodedError } from '../../diagnostics/index.ts';
import { beginRamp, isGoing, type Ramp } from '../../flags/index.ts';
import type { Json } from '../../flow/index.ts';
import { environmentState } from '../environments.ts';
import { releaseOf } from '../processes.ts';
import type { System } from '../system.ts';
import type { RampView } from '../views.ts';
import { documentOf } from './change.ts';
import { totalsOf } from './environment-totals.ts';
import type { FlagPlace } from './place.ts';
import { rampFlowId, rampKind, type RampFlowData } from './ramps.ts';
import { viewRamps } from './view-ramps.ts';

/** What somebody wants of a flag. */
export interface AskedRamp {
  flag: string;
  variant: string;
  steps: number[];
  holdMs: number;
  actor: string;
}

/** What is said to a ramp that is under way. */
export interface RampWord {
  flag: string;
  verb: 'abort' | 'promote';
  actor: string;
}

/** So long an answer waits for the flow to have heard. */
const heardWithinMs = 10_000;

/**
 * Begins to ramp a flag; answers once it is under way.
 *
 * @throws CodedError `flags/…`, `wiring/ramp-under-way`, `wiring/flag-of-rollout`
 */
export async function askRamp(place: FlagPlace, asked: AskedRamp, system: System): Promise<RampView> {
  const { store, machines } = system;
  const scope = `${place.app}/${place.environment}`;
  await refuseFlagOfRollout(place, asked.flag, system);
  const stored = await store.flags.get(place);
  const { rules, release } = await rulesOf(place, system);
  const { actor, ...wish } = asked;
  const ramp = beginRamp(
    { ...wish, by: actor, id: `ra-${randomBytes(4).toString('hex')}` },
    {
      document: documentOf(stored),
      version: stored?.version ?? 0,
      rules,
      release,
      baseline: rules.errorRate === null ? null : await totalsOf(scope, { store, machines }),
      nowMs: Date.now(),
    },
  );
  const { flag } = asked;
  const flowId = rampFlowId(scope, flag);
  const data: RampFlowData = { scope, flag, ramp: null };
  await store.flows.create({ id: flowId, kind: rampKind, phase: 'none', data, wakeAtMs: null });
  const going = await rampIn(flowId, system);
  if (isGoing(going)) throw underWay(place, going);
  await store.flows.signal(flowId, 'start', ramp as unknown as Json);
  const found = await untilHeard(flowId, system, (now) => now?.id === ramp.id || isGoing(now));
  if (found && found.id !== ramp.id) throw underWay(place, found);
  return requireView(place, flag, system);
}

/** Tells a ramp to go back, or to give it to everybody now. Throws `wiring/no-ramp`. */
export async function tellRamp(
  place: FlagPlace,
  { flag, verb, actor }: RampWord,
  system: System,
): Promise<RampView> {
  const scope = `${place.app}/${place.environment}`;
  const flowId = rampFlowId(scope, flag);
  const ramp = await rampIn(flowId, system);
  if (!isGoing(ramp)) {
    throw new CodedError('wiring/no-ramp', `"${flag}" of ${scope} is not being ramped`, {
      help: `show what was: slipway flags ramps ${place.environment}`,
    });
  }
  await system.store.flows.signal(flowId, verb, { by: actor });
  await untilHeard(
    flowId,
    system,
    (now) => now?.id !== ramp.id || !isGoing(now) || (verb === 'promote' && now.hurried),
  );
  return requireView(place, flag, system);
}

/** Who shows a flag to whom is asked of one at a time: a rollout would find its flag changed by others. */
async function refuseFlagOfRollout(
  { app, environment }: FlagPlace,
  flag: string,
  { store }: System,
): Promise<void> {
  const state = await environmentState(`${app}/${environment}`, store);
  const rollout = state?.rollout ?? null;
  if (!rollout || !flagWishes(rollout).some((wish) => wish.flag === flag)) return;
  throw new CodedError(
    'wiring/flag-of-rollout',
    `the rollout ${rollout.id} of ${app}/${environment} turns "${flag}" at one of its steps`,
    { help: `wait for its end, or take it back: slipway abort ${environment}` },
  );
}

async function requireView(place: FlagPlace, flag: string, { store }: System): Promise<RampView> {
  const view = (await viewRamps(place, store)).find((one) => one.flag === flag);
  if (view) return view;
  throw new Error(`the ramp of ${flag} was asked for, and is not there after ${heardWithinMs} ms`);
}

async function rampIn(flowId: string, { store }: Pick<System, 'store'>): Promise<Ramp | null> {
  const flow = await store.flows.get(flowId);
  return flow ? (flow.data as RampFlowData).ramp : null;
}

async function untilHeard(
  flowId: string,
  system: System,
  heard: (ramp: Ramp | null) => boolean,
): Promise<Ramp | null> {
  const deadline = performance.now() + heardWithinMs;
  for (;;) {
    const token = system.store.changeToken();
    const ramp = await rampIn(flowId, system);
    if (heard(ramp) || performance.now() > deadline) return ramp;
    await system.store.waitForChange(token, 100);
  }
}

function underWay({ app, environment }: FlagPlace, { flag, id }: Ramp): CodedError {
  return new CodedError(
    'wiring/ramp-under-way',
    `"${flag}" of ${app}/${environment} is being ramped (${id})`,
    {
      help: `wait for its end, or take it back: slipway flags abort ${environment} ${flag}`,
    },
  );
}

/** The judge of what runs in the environment; without one, as rollouts have it. */
async function rulesOf(
  { app, environment }: FlagPlace,
  { store, layout }: System,
): Promise<{ rules: JudgeDefinition; release: string }> {
  const stable = (await environmentState(`${app}/${environment}`, store))?.stable;
  const release = stable ? await releaseOf(layout, app, stable.release.digest).catch(() => null) : null;
  const defined = release?.definition.environments.find(({ name }) => name === environment);
  const rules = defined?.judge ?? judgeLevels.balanced;
  return {
    rules: { ...rules, metrics: rules.metrics.filter(isOfVariants) },
    release: stable?.release.digest ?? '',
  };
}
