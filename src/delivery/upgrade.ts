import { unreachable } from '../diagnostics/index.ts';
import type { Compared } from './compared.ts';
import { emptyEnvironment } from './environment.ts';
import type {
  EnvironmentState,
  Retiring,
  Rollout,
  RolloutPhase,
  RolloutRequest,
  RunningShared,
} from './environment.ts';
import { noChecks, noRules, type Revision, type RevisionProcess, type RolloutSettings } from './revision.ts';
import { judgeLevels, type JudgeDefinition, type StrategyDefinition } from '../app/index.ts';
import { here } from './machines.ts';
import { startStretches } from '../judge/index.ts';
import type { Step } from './strategy.ts';

/*
 * States and requests are rows that an earlier version of Slipway may have written. What it did not know is filled in
 * here, at the flow's boundary, so that nothing else ever asks whether a field is there.
 */

type Written = Record<string, unknown>;

/** The state of an environment, whichever version wrote it. A state of this version comes back as it is. */
export function upgradeState(written: unknown): EnvironmentState {
  const state = written as EnvironmentState;
  const known = { ...emptyEnvironment(state.scope), ...state };
  return {
    ...known,
    stable: known.stable && upgradeRevision(known.stable),
    standby: known.standby && upgradeWithin(known.standby),
    retiring: known.retiring.map(upgradeWithin<Retiring>),
    past: known.past.map(upgradeRevision),
    shared: known.shared.map(upgradeWithin<RunningShared>),
    replacing: known.replacing && {
      ...known.replacing,
      next: known.replacing.next && upgradeWithin(known.replacing.next),
      back: known.replacing.back && upgradeWithin(known.replacing.back),
    },
    rollout: known.rollout && upgradeRollout(known.rollout),
    queue: known.queue.map(upgradeRequest),
    // Before tasks had names, a release had one: `release`.
    migrated: known.migrated.map((entry) => (entry.includes(' ') ? entry : `${entry} release`)),
  };
}

/** A request for a rollout, whichever version wrote it. */
export function upgradeRequest(written: unknown): RolloutRequest {
  const request = written as RolloutRequest;
  return {
    ...request,
    shipNumber: request.shipNumber ?? null,
    revision: upgradeRevision(request.revision),
    settings: upgradeSettings(request.settings),
  };
}

function upgradeWithin<Some extends { revision: Revision }>(holder: Some): Some {
  return { ...holder, revision: upgradeRevision(holder.revision) };
}

function upgradeRevision<Some extends Omit<Revision, 'id'>>(revision: Some): Some {
  const machines = revision.machines ?? [here];
  const { releaseCommand, ...rest } = revision as unknown as Written & { releaseCommand?: string | null };
  if ('tasks' in rest) return { ...revision, machines, processes: revision.processes.map(withAlone) };
  return {
    shared: [],
    project: null,
    images: {},
    port: null,
    smoke: [],
    migration: { irreversible: false },
    ...rest,
    machines,
    tasks: releaseCommand ? [{ name: 'release', command: releaseCommand }] : [],
    processes: revision.processes.map(upgradeProcess),
    health: { probe: 'http', command: null, ...(revision.health as object) },
  } as unknown as Some;
}

function upgradeProcess(process: RevisionProcess): RevisionProcess {
  const { web, ...rest } = process as unknown as Written;
  if (web === undefined) return process;
  return {
    after: [],
    alone: false,
    ...rest,
    role: web === true ? 'web' : 'worker',
  } as unknown as RevisionProcess;
}

/** Before there was planned downtime, two copies of everything could run. */
function withAlone(process: RevisionProcess): RevisionProcess {
  return { ...process, alone: process.alone ?? false };
}

function upgradeSettings(settings: RolloutSettings): RolloutSettings {
  return {
    rules: noRules,
    checks: noChecks,
    ...(settings as Partial<RolloutSettings>),
    strategy: upgradeStrategy(settings.strategy),
    judge: upgradeJudge(settings.judge),
  } as RolloutSettings;
}

/** Before what is judged was compared with the stable revision, there were bounds alone. */
function upgradeJudge(judge: JudgeDefinition | null | undefined): JudgeDefinition | null {
  return judge ? { ...judgeLevels.balanced, ...(judge as Partial<JudgeDefinition>) } : null;
}

function upgradeStrategy(strategy: StrategyDefinition): StrategyDefinition {
  switch (strategy.kind) {
    case 'rolling':
      return { unavailable: 0, pauseMs: 0, ...(strategy as object) } as StrategyDefinition;
    case 'blue-green':
      return { preview: false, hold: { kind: 'none' }, ...(strategy as object) } as StrategyDefinition;
    case 'canary':
      return strategy;
    default:
      return unreachable(strategy);
  }
}

function upgradeRollout(rollout: Rollout): Rollout {
  if ('tasks' in (rollout as object))
    return withChecks({
      ...rollout,
      alone: rollout.alone ?? false,
      compared: upgradeCompared(rollout.compared),
      candidate: upgradeRevision(rollout.candidate),
      ...(rollout.outage
        ? { outage: { ...rollout.outage, before: rollout.outage.before.map(upgradeWithin<RunningShared>) } }
        : {}),
    });
  const old = rollout;
  const begun = timerOf(old.phase);
  const candidate = upgradeRevision(old.candidate);
  const { at } = old.phase as { at: string };
  return {
    paused: null,
    hurried: false,
    underWay: begun,
    stableBefore: 'unknown',
    compared: null,
    alone: false,
    ...(old as object),
    candidate,
    // While it migrates, its one task is due; later it is done.
    tasks: at === 'migrating' ? candidate.tasks : [],
    taskIndex: 0,
    settings: upgradeSettings(old.settings),
    steps: old.steps.map((step): Step => ({ taken: 0, hold: { kind: 'none' }, ...(step as object) }) as Step),
    phase: upgradePhase(old, begun),
  } as Rollout;
}

/** Shares of traffic before the present one were forgotten once, and how slow both were from stretch to stretch. */
function upgradeCompared(compared: Compared | null | undefined): Compared | null {
  if (!compared) return null;
  const { earlier = [], stretches = startStretches(judgeLevels.balanced.stallMs) } =
    compared as Partial<Compared>;
  return { ...compared, earlier, stretches };
}

/** Before there were checks, no step had passed any. */
function withChecks(rollout: Rollout): Rollout {
  if ('checks' in (rollout.settings as object)) return rollout;
  const phase = rollout.phase as unknown as Written & { at: string };
  const known =
    phase.at === 'stepping'
      ? { check: 0, ...phase }
      : phase.at === 'reverting'
        ? { ...phase, from: { check: null, ...(phase['from'] as object) } }
        : phase;
  return {
    ...rollout,
    settings: upgradeSettings(rollout.settings),
    phase: known as unknown as RolloutPhase,
  };
}

function timerOf(phase: RolloutPhase): { elapsedMs: number; lastSeenMs: number } {
  const { timer, gate, up } = phase as unknown as Record<string, Written | undefined>;
  const found = timer ?? (gate?.['deadline'] as Written | undefined) ?? up;
  return { elapsedMs: 0, lastSeenMs: Number(found?.['lastSeenMs'] ?? 0) };
}

function upgradePhase(rollout: Rollout, begun: { elapsedMs: number; lastSeenMs: number }): RolloutPhase {
  const phase = rollout.phase as unknown as Written & { at: string };
  const gate = { streaks: {}, failures: {}, deadline: begun, lastFailure: null };
  if (phase.at === 'stepping' && 'shifting' in phase) {
    const { shifting, ...rest } = phase;
    return {
      ...rest,
      stage: shifting ? 'shifting' : 'starting',
      gate: { failures: {}, ...(phase['gate'] as object) },
      timer: begun,
      approvedBy: null,
      check: 0,
    } as unknown as RolloutPhase;
  }
  // It used to need the candidate's steps alone to name the copies that finish what they have.
  if (phase.at === 'reverting') {
    const routed = rollout.candidate.processes.reduce((most, { replicas }) => Math.max(most, replicas), 0);
    return {
      gate,
      from: { weightPercent: 0, routed, taken: 0, check: null },
      ...phase,
    } as unknown as RolloutPhase;
  }
  return rollout.phase;
}
