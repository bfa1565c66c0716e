import type { DeploymentWindow, EnvironmentRules } from '../app/index.ts';
import type { Rollout } from './environment.ts';

/** What a rollout that waits still waits for; empty when it may begin. */
export type WaitsFor = 'approval' | 'timer' | 'window';

/** The rules of the environment that are not met, in the order in which people meet them. */
export function unmetRules(
  rules: EnvironmentRules,
  waited: { approvedBy: string | null; elapsedMs: number },
  nowMs: number,
): WaitsFor[] {
  const unmet: WaitsFor[] = [];
  if (rules.reviewers.length > 0 && waited.approvedBy === null) unmet.push('approval');
  if (waited.elapsedMs < rules.waitTimerMs) unmet.push('timer');
  if (rules.windows.length > 0 && !rules.windows.some((window) => isOpen(window, nowMs)))
    unmet.push('window');
  return unmet;
}

/** Whether a deployment window is open at a moment, by the clocks of its time zone. */
export function isOpen(window: DeploymentWindow, nowMs: number): boolean {
  const { days, fromMinute, toMinute } = window;
  const { day, minute } = localTime(nowMs, window.timeZone);
  if (toMinute > fromMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  const dayBefore = day === 1 ? 7 : day - 1;
  return (days.includes(day) && minute >= fromMinute) || (days.includes(dayBefore) && minute < toMinute);
}

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function localTime(nowMs: number, timeZone: string): { day: number; minute: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(nowMs);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return {
    day: weekdays.indexOf(part('weekday')) + 1,
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

/**
 * Why somebody may not let a rollout go on, or null when they may.
 *
 * Without reviewers anybody may who can ask this machine for anything.
 */
export function mayNotApprove(
  { settings, requestedBy }: Pick<Rollout, 'settings' | 'requestedBy'>,
  by: string,
): string | null {
  const { reviewers, preventSelfReview } = settings.rules;
  if (reviewers.length > 0 && !reviewers.includes(by))
    return `${by} is not among its reviewers (${reviewers.join(', ')})`;
  if (preventSelfReview && by === requestedBy) return `${by} asked for it, so somebody else must approve it`;
  return null;
}

/** Who may let a rollout go on: names, or null for anybody. */
export function whoMayApprove({
  settings,
  requestedBy,
}: Pick<Rollout, 'settings' | 'requestedBy'>): string[] | null {
  const { reviewers, preventSelfReview } = settings.rules;
  if (reviewers.length === 0) return null;
  return reviewers.filter((name) => !preventSelfReview || name !== requestedBy);
}
