import type { JobView, LogLine, RolloutView, RunView, ShipView, StepView } from '../../wiring/index.ts';
import { jobStanding, rolloutStanding, short, type Standing } from './marks.ts';
import { harmless, headline } from './text.ts';
import { span } from './time.ts';

const signs: Record<Standing, string> = { waiting: '○', active: '●', good: '✓', bad: '✗', skipped: '-' };

/** What changed from one look at a ship to the next, a line each, for logs and pipes. `before` is null at first. */
export function shipTransitions(before: ShipView | null, after: ShipView): string[] {
  const started = before ? [] : [`[${after.app}] ${short(after.commit)} ${harmless(after.title)}`];
  return [
    ...started,
    ...after.runs.flatMap((run) =>
      runTransitions(
        before?.runs.find(({ id }) => id === run.id),
        run,
      ),
    ),
    ...after.rollouts.flatMap((rollout) =>
      rolloutTransitions(before?.rollouts.find(({ id }) => id === rollout.id) ?? null, rollout),
    ),
  ];
}

/** The same for one rollout. */
export function rolloutTransitions(before: RolloutView | null, after: RolloutView): string[] {
  const same =
    before?.state === after.state &&
    news(before.detail) === news(after.detail) &&
    before.weightPercent === after.weightPercent;
  if (same) return [];
  const label = `[${after.environment}]`;
  const sign = signs[rolloutStanding(after.state)];
  const weight = after.state === 'shifting' ? ` ${after.weightPercent} %` : '';
  const revision = after.revision === null ? '' : `${after.revision} `;
  const detail = after.detail === '' ? '' : `: ${harmless(after.detail)}`;
  const tail = after.state === 'failed' ? after.logTail.map((line) => `${label}   | ${harmless(line)}`) : [];
  return [`${label} ${sign} ${revision}${after.state}${weight}${detail}`, ...tail];
}

/**
 * What of a detail is news in a log: neither a time that runs on, nor what the judge has counted or read of it so far,
 * which changes at each of its looks.
 */
function news(detail: string): string {
  const untimed = detail.replaceAll(/\b\d+(ms|s|m|h|d)\b/g, '');
  if (!untimed.startsWith('holds ')) return untimed;
  return untimed
    .replace(/, [^,;]+ at the present traffic$/, '')
    .replace('one more session as good as those so far is', ' more sessions as good as those so far are')
    .replaceAll(/\d[\d,.]*/g, '');
}

/** A line of a log as plain output shows it. */
export function logLineText({ source, text }: LogLine): string {
  return `[${harmless(source)}] ${harmless(text)}`;
}

function runTransitions(before: RunView | undefined, after: RunView): string[] {
  const waits = after.reason !== null && after.reason !== before?.reason;
  const own = waits ? [`[${harmless(after.workflow)}] ${headline(after.reason ?? '')}`] : [];
  const ofJobs = after.jobs.flatMap((job) => {
    const label = `[${harmless(after.workflow)} / ${harmless(job.name)}]`;
    const last = before?.jobs.find(({ key }) => key === job.key);
    return jobTransitions(last, job).map((line) => `${label} ${line}`);
  });
  return [...own, ...ofJobs];
}

function jobTransitions(before: JobView | undefined, after: JobView): string[] {
  const steps = after.steps.flatMap((step, index) => stepTransitions(before?.steps[index], step));
  const changed = before?.state !== after.state || before.reason !== after.reason;
  if (!changed || after.state === 'pending' || after.state === 'queued') return steps;
  const time = span(after.startedAtMs, after.finishedAtMs, after.startedAtMs ?? 0);
  const why = after.reason === null ? '' : `: ${headline(after.reason)}`;
  const sign = signs[jobStanding(after.state)];
  if (after.finishedAtMs === null) return [...steps, `${sign} ${after.state}${why}`];
  const shipped = after.wouldShip.map((environment) => `  would ship to ${environment}`);
  return [...steps, `${sign} ${after.state}${time === '' ? '' : ` in ${time}`}${why}`, ...shipped];
}

function stepTransitions(before: StepView | undefined, after: StepView): string[] {
  const standing = jobStanding(after.state);
  if (before?.state === after.state || standing === 'waiting' || standing === 'active') return [];
  if (after.state === 'skipped' || after.state === 'cancelled') return [];
  const time = span(after.startedAtMs, after.finishedAtMs, after.startedAtMs ?? 0);
  const line = `${signs[standing]} ${harmless(after.name)} ${time}`.trimEnd();
  if (!after.error) return [line];
  return [
    line,
    `  ${harmless(after.error.message)}`,
    ...after.error.lastLines.map((text) => `  | ${harmless(text)}`),
  ];
}
