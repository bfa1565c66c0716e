import { formatDuration, type CheckDefinition } from '../app/index.ts';
import { unreachable } from '../diagnostics/index.ts';
import { webProcess } from './copies.ts';
import type { Cause, EnvironmentState, Rollout, SteppingPhase } from './environment.ts';
import type { CommandObservation } from './observed.ts';
import type { Pin } from './ports.ts';
import type { Revision } from './revision.ts';

/** The check that a step is at. */
export interface DueCheck {
  check: CheckDefinition;
  /** Names one run of a command, for good. */
  key: string;
  /** Whom a request asks: each copy of the candidate, or the public address. */
  asks: 'copies' | 'public';
  /** Since it became due. */
  elapsedMs: number;
}

/** Requests of checks carry it through the router, with the rollout's id, so that the candidate answers whatever its share. */
export const checkHeader = 'x-slipway-check';

/** The checks of a stage: those before traffic come once, in the first step. */
export function checksOf(
  { settings: { checks } }: Pick<Rollout, 'settings'>,
  { stage, index }: Pick<SteppingPhase, 'stage' | 'index'>,
): CheckDefinition[] {
  if (stage === 'verifying') return checks.after;
  return index === 0 ? checks.before : [];
}

/** The check that must pass next; null in every other stage, and when all of the stage have passed. */
export function dueCheck(rollout: Rollout | null): DueCheck | null {
  const phase = rollout?.phase;
  if (!rollout || phase?.at !== 'stepping') return null;
  if (phase.stage !== 'checking' && phase.stage !== 'verifying') return null;
  const check = checksOf(rollout, phase)[phase.check];
  if (!check) return null;
  return {
    check,
    key: checkKey(rollout.candidate, phase),
    asks: phase.stage === 'checking' ? 'copies' : 'public',
    elapsedMs: phase.timer.elapsedMs,
  };
}

/** Keys of all commands that the checks of a rollout may have run. */
export function checkKeys({ settings: { checks }, steps, candidate }: Rollout): string[] {
  const commands = (list: CheckDefinition[]) =>
    list.flatMap(({ kind }, check) => (kind === 'command' ? [check] : []));
  return [
    ...commands(checks.before).map((check) => checkKey(candidate, { stage: 'checking', index: 0, check })),
    ...steps.flatMap((_, index) =>
      commands(checks.after).map((check) => checkKey(candidate, { stage: 'verifying', index, check })),
    ),
  ];
}

function checkKey(
  { id }: Pick<Revision, 'id'>,
  { stage, index, check }: Pick<SteppingPhase, 'stage' | 'index' | 'check'>,
): string {
  const step = stage === 'checking' ? 'before' : `after-${index + 1}`;
  return `check-${step}-${check + 1}-${id}`;
}

/** The process in whose image or files commands of checks run. */
export function checkedProcess(revision: Revision): string {
  return (webProcess(revision) ?? revision.processes[0])?.name ?? '';
}

type HeaderPin = Pin & { by: { kind: 'header'; value: string } };

/** Takes requests of checks, and those that Slipway sends by itself, to the candidate. */
export function checkPin({ id, candidate }: Pick<Rollout, 'id' | 'candidate'>): HeaderPin {
  return { revision: candidate.id, by: { kind: 'header', name: checkHeader, value: id } };
}

/** Takes those that Slipway sends by itself to the stable revision. */
export function stablePin({ id }: Pick<Rollout, 'id'>, stable: Pick<Revision, 'id'>): HeaderPin {
  return { revision: stable.id, by: { kind: 'header', name: checkHeader, value: `${id}:stable` } };
}

/** Whether Slipway sends requests by itself: from the candidate's first traffic until its bake ends. */
export function asksByItself({ phase, settings }: Rollout, weightPercent: number): boolean {
  return Boolean(settings.judge?.probes) && weightPercent > 0 && phase.at !== 'reverting';
}

/**
 * While the candidate has a part of the traffic, requests of checks reach it all the same; those that Slipway sends by
 * itself reach whom they are for.
 */
export function checkPins(
  rollout: Rollout,
  { weightPercent, stable }: { weightPercent: number; stable: Revision | null },
): Pin[] {
  const { settings, phase } = rollout;
  const byItself = asksByItself(rollout, weightPercent);
  const hasPart = phase.at === 'stepping' && weightPercent > 0 && weightPercent < 100;
  const asks = hasPart && settings.checks.after.some(({ kind }) => kind === 'request');
  return [
    ...(asks || byItself ? [checkPin(rollout)] : []),
    ...(byItself && stable ? [stablePin(rollout, stable)] : []),
  ];
}

/** Why the check that is due takes the rollout back; null while it may still pass. */
export function failedCheck(rollout: Rollout, command: CommandObservation): Cause | null {
  const due = dueCheck(rollout);
  if (!due) return null;
  const { check, elapsedMs } = due;
  const when = due.asks === 'copies' ? 'before traffic; none was moved' : `after ${shareOf(rollout)}`;
  const failed = (how: string, logTail: string[] = []): Cause => ({
    outcome: 'failed',
    reason: `the check ${nameOf(check)} ${how}, ${when}`,
    logTail,
  });
  if (command.state === 'exited' && command.code !== 0) {
    const how = command.code === null ? 'ended and nobody saw how' : `exited with ${command.code}`;
    return failed(how, command.logTail);
  }
  if (elapsedMs < check.timeoutMs) return null;
  const within = `within ${formatDuration(check.timeoutMs)}`;
  switch (command.state) {
    case 'unmet':
      return failed(`was not answered as it should be ${within}: ${command.why}`, command.logTail);
    case 'running':
      return failed(`did not end ${within}`, command.logTail);
    case 'none':
    case 'exited':
      return failed(`could not be tried ${within}`);
    default:
      return unreachable(command);
  }
}

/** A check by what people wrote: `GET /login`, `"npm run smoke"`. */
export function nameOf(check: CheckDefinition): string {
  return check.kind === 'command' ? `"${check.command}"` : `GET ${check.request.path}`;
}

function shareOf({ steps, phase }: Rollout): string {
  const weight = phase.at === 'stepping' ? (steps[phase.index]?.weightPercent ?? 0) : 0;
  return weight === 100 ? 'all traffic had moved' : `${weight} % of traffic had moved`;
}

/** Key of a command that a check runs now, or ran when the way back began: it must end before the next rollout. */
export function checkCommand({ rollout }: EnvironmentState): string | null {
  if (rollout?.phase.at === 'reverting') return rollout.phase.from.check;
  const due = dueCheck(rollout);
  return due?.check.kind === 'command' ? due.key : null;
}
