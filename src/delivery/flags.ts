import { unreachable } from '../diagnostics/index.ts';
import { canonicalJson, type Json } from '../flow/index.ts';
import type { Draft } from './draft.ts';
import type { Rollout, TurnedFlag } from './environment.ts';
import type { FlagSeen, FlagSight, Observed } from './observed.ts';
import type { FlagsChange } from './ports.ts';
import type { Step } from './strategy.ts';

/** Flags are of the environment, not of a machine. */
export interface FlagsEffect extends FlagsChange {
  do: 'set-flags';
}

/** A flag that a rollout has to do with. */
export interface FlagWish {
  flag: string;
  /** Those that steps to come want, in their order; empty for one that could only be given back. */
  variants: string[];
}

/** All flags that have to be looked at for a rollout. */
export function flagWishes(rollout: Rollout | null): FlagWish[] {
  if (!rollout) return [];
  const wanted = stepsToCome(rollout).flatMap(({ flags = {} }) => Object.entries(flags));
  const names = [...wanted.map(([flag]) => flag), ...(rollout.flags ?? []).map(({ flag }) => flag)];
  return [...new Set(names)].map((flag) => ({
    flag,
    variants: wanted.filter(([name]) => name === flag).map(([, variant]) => variant),
  }));
}

/** Steps whose flags may still be turned, from the present one on. */
function stepsToCome({ phase, steps }: Rollout): Step[] {
  switch (phase.at) {
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'checking-stable':
      return steps;
    case 'stepping': {
      const isDone = phase.stage === 'verifying' || phase.stage === 'holding';
      return steps.slice(isDone ? phase.index + 1 : phase.index);
    }
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
    case 'baking':
    case 'reverting':
      return [];
    default:
      return unreachable(phase);
  }
}

/** Why a flag of a step to come cannot be turned, for people; null while all can. */
export function flagProblem(rollout: Rollout, { flags }: Observed): string | null {
  const wished = flagWishes(rollout).filter(({ variants }) => variants.length > 0);
  const problems = wished.map(({ flag }) => seenFlag(flags, flag)?.problem ?? null);
  return problems.find((problem) => problem !== null) ?? null;
}

/**
 * Notes what the flags of the present step are, and what the step makes of them. It stands before anything is done, so
 * that a way back after a crash knows both.
 */
export function noteFlags(rollout: Rollout, { flags: sight }: Observed): void {
  for (const flag of flagsOfStep(rollout)) {
    const { now = null, wanted = null } = seenFlag(sight, flag) ?? {};
    if (now === null || wanted === null) continue;
    const known = turnedFlag(rollout, flag);
    // As somebody has changed it since: that is what a way back returns to.
    const turned = known && isOwn(known, now) ? known : { flag, before: now, made: [] };
    if (same(turned.made.at(-1) ?? null, wanted)) continue;
    const others = (rollout.flags ?? []).filter((one) => one !== known);
    rollout.flags = [...others, { ...turned, made: [...turned.made, wanted] }];
  }
}

/** Whether all flags of the present step are as it wants them. */
export function areTurned(rollout: Rollout, { flags: sight }: Observed): boolean {
  return flagsOfStep(rollout).every((flag) => {
    const made = turnedFlag(rollout, flag)?.made.at(-1);
    const now = seenFlag(sight, flag)?.now ?? null;
    return made !== undefined && now !== null && same(made, now);
  });
}

/**
 * Turns the flags of a step, or gives all back on the way back: in one version, so that nobody meets half of it. One that
 * is neither as it was nor as the rollout made it is somebody else's now.
 */
export function flagEffects(rollout: Rollout | null, { flags: sight }: Observed): FlagsEffect[] {
  if (!rollout?.flags || !sight) return [];
  const { phase, flags: known } = rollout;
  const isBack = phase.at === 'reverting';
  const own = isBack ? known : known.filter(({ flag }) => isTurning(rollout, flag));
  const wanted = own.flatMap((turned): [string, Json][] => {
    const now = seenFlag(sight, turned.flag)?.now ?? null;
    const to = isBack ? turned.before : (turned.made.at(-1) ?? turned.before);
    return now === null || !isOwn(turned, now) || same(now, to) ? [] : [[turned.flag, to]];
  });
  if (wanted.length === 0) return [];
  const reason = isBack ? `taken back: ${phase.cause.reason}` : stepText(rollout);
  return [
    {
      do: 'set-flags',
      rollout: rollout.id,
      reason,
      seenVersion: sight.version,
      flags: Object.fromEntries(wanted),
    },
  ];
}

/**
 * The way back has given back what was the rollout's own; from here on whoever changes a flag is not undone. What others
 * have changed before is left, and told.
 */
export function letGoOfFlags(draft: Draft, rollout: Rollout, { flags: sight }: Observed): void {
  if (!rollout.flags || !sight) return;
  const left = rollout.flags
    .filter(({ flag, before }) => {
      const now = seenFlag(sight, flag)?.now ?? null;
      return now === null || !same(now, before);
    })
    .map(({ flag }) => flag);
  if (left.length > 0) draft.event('flags.left', 'slipway', { rollout: rollout.id, flags: left });
  delete rollout.flags;
}

/** Names of the flags that the present step turns. */
export function flagsOfStep({ phase, steps }: Rollout): string[] {
  return phase.at === 'stepping' ? Object.keys(steps[phase.index]?.flags ?? {}) : [];
}

function isTurning(rollout: Rollout, flag: string): boolean {
  const { phase } = rollout;
  return phase.at === 'stepping' && phase.stage === 'flagging' && flagsOfStep(rollout).includes(flag);
}

function stepText({ phase, steps }: Rollout): string {
  const index = phase.at === 'stepping' ? phase.index : 0;
  return `step ${index + 1} of ${steps.length}, at ${steps[index]?.weightPercent ?? 0} %`;
}

function turnedFlag({ flags = [] }: Rollout, name: string): TurnedFlag | undefined {
  return flags.find(({ flag }) => flag === name);
}

function seenFlag(sight: FlagSight | null, name: string): FlagSeen | undefined {
  return sight?.seen.find(({ flag }) => flag === name);
}

/** All that a flag may be while nobody but the rollout has changed it. */
function isOwn({ before, made }: TurnedFlag, now: Json): boolean {
  return [before, ...made].some((one) => same(one, now));
}

function same(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
