import { formatDuration } from '../app/index.ts';
import {
  asksFor,
  dueCheck,
  missedMachines,
  nameOfCheck,
  previewHost,
  unmetRules,
  verdictOn,
  whoMayApprove,
  type EnvironmentState,
  type Rollout,
  type Step,
  type Verb,
} from '../delivery/index.ts';
import { unreachable } from '../diagnostics/index.ts';
import { flagsText } from './flags-text.ts';
import type { RolloutViewState } from './views.ts';

type Phase<At extends Rollout['phase']['at']> = Extract<Rollout['phase'], { at: At }>;

/** One word for where a rollout stands. */
export function standsAt({ phase, paused }: Rollout): RolloutViewState {
  if (paused) return 'paused';
  switch (phase.at) {
    case 'stepping':
      if (phase.stage === 'making-room') return 'starting';
      if (phase.stage === 'flagging') return 'shifting';
      return phase.stage === 'verifying' ? 'checking' : phase.stage;
    case 'stopping-workers':
    case 'starting-workers':
      return 'workers';
    case 'checking-stable':
      return 'checking';
    case 'waiting':
    case 'preparing':
    case 'migrating':
    case 'draining':
    case 'baking':
    case 'reverting':
      return phase.at;
    default:
      return unreachable(phase);
  }
}

/** What a rollout does or waits for now, and since when; before that, machines that it cannot go on without. */
export function describeNow(rollout: Rollout, state: EnvironmentState | null): string {
  const silences = state?.silent ?? {};
  const [missed] = missedMachines(rollout, { silent: Object.keys(silences) });
  const now = describePhase(rollout, state);
  if (missed === undefined) return now;
  const since = rounded(silences[missed]?.elapsedMs ?? 0);
  const limit = formatDuration(rollout.candidate.health.deadlineMs);
  return `${now}; ${missed} does not answer for ${since}, and after ${limit} all go back`;
}

function describePhase(rollout: Rollout, state: EnvironmentState | null): string {
  const { paused } = rollout;
  if (paused)
    return `paused by ${paused.by}, for ${rounded(paused.since.elapsedMs)}; what fails still goes back`;
  const { phase, candidate } = rollout;
  const old = state?.stable?.id ?? 'the old revision';
  switch (phase.at) {
    case 'waiting':
      return waitsFor(rollout, phase);
    case 'preparing':
      return `brings what ${candidate.id} needs onto ${candidate.machines.length > 1 ? 'its machines' : 'the machine'}${sharedNames(rollout)}`;
    case 'migrating': {
      const task = rollout.tasks[rollout.taskIndex];
      if (!task) return 'has run its tasks';
      return task.command === ''
        ? `runs the task ${task.name}`
        : `runs the ${task.name} command "${task.command}"`;
    }
    case 'checking-stable':
      return `checks that ${old} is still well after the tasks of ${candidate.id}`;
    case 'stepping':
      return describeStep(rollout, phase, old);
    case 'draining':
      return `${old} finishes the requests that it has`;
    case 'stopping-workers':
      return `stops the workers of ${old}`;
    case 'starting-workers':
      return `starts the workers of ${candidate.id}`;
    case 'baking': {
      const left = rollout.settings.bakeMs - phase.timer.elapsedMs;
      return `watches ${candidate.id} with all traffic, ${rounded(left)} left`;
    }
    case 'reverting':
      return `goes back to ${state?.stable?.id ?? 'nothing'}: ${phase.cause.reason}`;
    default:
      return unreachable(phase);
  }
}

function describeStep(rollout: Rollout, phase: Phase<'stepping'>, old: string): string {
  const { candidate, steps, settings } = rollout;
  const step = steps[phase.index];
  const weight = step?.weightPercent ?? 0;
  switch (phase.stage) {
    case 'making-room':
      return `takes ${step?.taken ?? 0} copies of ${old} away to make room`;
    case 'starting': {
      const why = phase.gate.lastFailure === null ? '' : ` (${phase.gate.lastFailure})`;
      const left = candidate.health.deadlineMs - phase.gate.deadline.elapsedMs;
      return `waits until ${candidate.id} is ready, ${rounded(left)} left${why}`;
    }
    case 'checking':
    case 'verifying':
      return describeCheck(rollout);
    case 'shifting':
      return weight === 0
        ? `shows ${candidate.id} to testers`
        : `moves ${weight} % of traffic to ${candidate.id}`;
    case 'flagging':
      return `turns flags, so that ${flagsText(step)}`;
    case 'holding': {
      const hold = step?.hold ?? { kind: 'none' };
      const share = weight === 0 ? previewText(candidate.hosts, settings) : `${weight} % of traffic`;
      const since = `waits for an approval since ${rounded(phase.timer.elapsedMs)}`;
      const held = hold.kind === 'timer' ? `${rounded(hold.ms - phase.timer.elapsedMs)} left` : since;
      if (phase.undecided === undefined)
        return `holds ${candidate.id} at ${share}, ${held}${provenText(rollout)}`;
      const waits = phase.undecided === 'ask' ? since : 'stays until it is proven';
      return `holds ${candidate.id} at ${share}, ${waits}${provenText(rollout)}`;
    }
    default:
      return unreachable(phase.stage);
  }
}

/** What the judge says so far. */
function provenText(rollout: Rollout): string {
  const verdict = verdictOn(rollout);
  if (!verdict) return '';
  return verdict.is === 'passed' ? '; proven good' : `; ${verdict.reason}`;
}

function describeCheck(rollout: Rollout): string {
  const due = dueCheck(rollout);
  const { id } = rollout.candidate;
  if (!due) return `has checked ${id}`;
  const when = due.asks === 'copies' ? 'before traffic' : 'with traffic';
  const left = rounded(due.check.timeoutMs - due.elapsedMs);
  return `checks ${id} ${when}: ${nameOfCheck(due.check)}, ${left} left`;
}

function previewText(hosts: string[], { strategy }: Rollout['settings']): string {
  const host = strategy.kind === 'blue-green' && strategy.preview ? previewHost(hosts) : null;
  return host === null ? 'no traffic' : `no traffic but that of ${host}`;
}

function waitsFor({ settings }: Rollout, { approvedBy, timer }: Phase<'waiting'>): string {
  const { rules } = settings;
  const since = rounded(timer.elapsedMs);
  const unmet = unmetRules(rules, { approvedBy, elapsedMs: timer.elapsedMs }, timer.lastSeenMs);
  switch (unmet[0] ?? 'nothing') {
    case 'approval':
      return `waits for an approval since ${since}`;
    case 'timer':
      return `waits for its wait timer, ${rounded(rules.waitTimerMs - timer.elapsedMs)} left`;
    case 'window':
      return `waits since ${since} for a deployment window: ${rules.windows.map(({ text }) => text).join(', ')}`;
    case 'nothing':
      return 'is about to begin';
    default:
      return unreachable(unmet[0] as never);
  }
}

function sharedNames({ candidate }: Rollout): string {
  const names = candidate.shared.map(({ name }) => name);
  return names.length === 0 ? '' : `, and waits for ${names.join(', ')}`;
}

/** What comes next when nothing fails; null at the end and on the way back. */
export function describeNext(rollout: Rollout): string | null {
  const { phase, steps, settings, tasks, candidate } = rollout;
  const first = stepText(steps[0] ?? { weightPercent: 100 }, candidate.id);
  switch (phase.at) {
    case 'waiting':
    case 'preparing':
      return tasks.length > 0 ? `runs ${tasks.map(({ name }) => name).join(', ')}` : first;
    case 'migrating':
    case 'checking-stable':
      return first;
    case 'stepping': {
      const next = steps[phase.stage === 'holding' ? phase.index + 1 : phase.index];
      return next ? stepText(next, candidate.id) : 'watches it with all traffic';
    }
    case 'draining':
    case 'stopping-workers':
    case 'starting-workers':
      return `watches it with all traffic for ${formatDuration(settings.bakeMs)}`;
    case 'baking':
      return 'is done; the old revision stands by';
    case 'reverting':
      return null;
    default:
      return unreachable(phase);
  }
}

function stepText({ weightPercent, flags }: Pick<Step, 'weightPercent' | 'flags'>, revision: string): string {
  const share =
    weightPercent === 0 ? `shows ${revision} to testers` : `${weightPercent} % of traffic on ${revision}`;
  return flags ? `${share}, then ${flagsText({ flags })}` : share;
}

/** What people can say to a rollout now, and who; beside its abort. */
export function asksPeople(rollout: Rollout): { verbs: Verb[]; who: string[] | null } | null {
  if (rollout.phase.at === 'reverting') return null;
  if (rollout.paused) return { verbs: ['resume'], who: null };
  const asks = asksFor(rollout);
  if (asks === 'approval') return { verbs: ['approve', 'reject'], who: whoMayApprove(rollout) };
  const held = asks === 'patience' && rollout.phase.at !== 'waiting';
  return held ? { verbs: ['promote'], who: null } : null;
}

function rounded(ms: number): string {
  return formatDuration(Math.ceil(Math.max(0, ms) / 1_000) * 1_000);
}
