import type { JobView, RolloutView, RunView, ShipView } from '../../wiring/index.ts';
import { branchOf, jobStanding, mark, rolloutEnded, rolloutStanding, short } from './marks.ts';
import { fitRows, type ScreenLine } from './fit-rows.ts';
import { fitTo, harmless, headline, type Look, pad, paint, widthOf } from './text.ts';
import { span } from './time.ts';

/** A terminal at one moment. */
export interface Screen extends Look {
  /** Lines that may be used. */
  rows: number;
  nowMs: number;
}

type Line = ScreenLine;

const widestName = 34;

/** A ship as a tree that fits the screen: what is settled gives way first, what failed or goes on stays. */
export function shipTree(view: ShipView, screen: Screen): string[] {
  const lines = [
    head(
      `${paint(screen, 'bold', view.app)}  ${paint(screen, 'yellow', short(view.commit))}  ${harmless(view.title)}`,
    ),
    head(
      paint(
        screen,
        'dim',
        [branchOf(view.ref), view.actor, span(view.startedAtMs, view.finishedAtMs, screen.nowMs)].join(' · '),
      ),
    ),
    ...view.runs.flatMap((run) => runLines(run, screen)),
    ...rolloutLines(view.rollouts, screen),
  ];
  return fitRows(lines, screen.rows).map((line) => fitTo(line, screen.columns));
}

/** A rollout that belongs to no ship, such as a rollback. */
export function rolloutTree(view: RolloutView, screen: Screen): string[] {
  const title = `${paint(screen, 'bold', view.app)}  ${paint(screen, 'yellow', short(view.commit))}  ${harmless(view.title)}`;
  return [
    title,
    ...rolloutLines([view], screen)
      .slice(1)
      .map(({ text }) => text),
  ].map((line) => fitTo(line, screen.columns));
}

function head(text: string): Line {
  return { text, standing: 'head' };
}

function runLines(run: RunView, screen: Screen): Line[] {
  const widest = Math.min(widestName, Math.max(...run.jobs.map((job) => widthOf(job.name)), 0));
  const waits = run.reason === null ? '' : `  ${headline(run.reason)}`;
  return [
    head(`${paint(screen, 'bold', harmless(run.workflow))} ${paint(screen, 'dim', run.file + waits)}`),
    ...inOrder(run.jobs).map((job) => jobLine(job, screen, widest)),
  ];
}

/** Jobs after those that they need; those of one depth stay as they are. */
function inOrder(jobs: readonly JobView[]): JobView[] {
  const ranks = new Map<string, number>();
  const rank = (job: JobView): number => {
    const known = ranks.get(job.key);
    if (known !== undefined) return known;
    // Set before the look deeper, so that a circle ends.
    ranks.set(job.key, 0);
    const needed = jobs.filter(({ key }) =>
      job.needs.some((id) => key === id || key.startsWith(`${id}.`) || key.startsWith(`${id}/`)),
    );
    const found = Math.max(-1, ...needed.map(rank)) + 1;
    ranks.set(job.key, found);
    return found;
  };
  return [...jobs].sort((a, b) => rank(a) - rank(b));
}

function jobLine(job: JobView, screen: Screen, nameWidth: number): Line {
  const standing = jobStanding(job.state);
  const name = pad(fitTo(harmless(job.name), nameWidth), nameWidth);
  const time = span(job.startedAtMs, job.finishedAtMs, screen.nowMs).padStart(7);
  const shown = standing === 'waiting' || standing === 'skipped' ? paint(screen, 'dim', name) : name;
  const note = harmless(jobNote(job, screen.nowMs));
  return {
    text: `  ${mark(screen, standing, screen.nowMs)} ${shown} ${time}  ${paint(screen, 'dim', note)}`.trimEnd(),
    standing,
  };
}

function jobNote(job: JobView, nowMs: number): string {
  const to = job.environment === null ? '' : ` to ${job.environment}`;
  const instead: Partial<Record<JobView['state'], string>> = {
    parked: `waits for the rollout${to}`,
    pending: job.needs.length > 0 ? `after ${job.needs.join(', ')}` : '',
    success: job.wouldShip.length > 0 ? `would ship to ${job.wouldShip.join(', ')}` : '',
  };
  return (
    stepNote(job, nowMs) ?? (job.reason === null ? null : headline(job.reason)) ?? instead[job.state] ?? ''
  );
}

/** The step that goes on, or the one that failed. */
function stepNote({ state, steps }: JobView, nowMs: number): string | null {
  const step = steps.find((one) => one.state === (state === 'failure' ? 'failure' : 'running'));
  if (state === 'failure') return step?.name ?? null;
  if (state !== 'running') return null;
  return step ? `${step.name} ${span(step.startedAtMs, null, nowMs)}` : 'starting';
}

function rolloutLines(rollouts: readonly RolloutView[], screen: Screen): Line[] {
  if (rollouts.length === 0) return [];
  const widest = Math.max(...rollouts.map((rollout) => widthOf(rollout.environment)));
  const revision = Math.max(...rollouts.map((rollout) => (rollout.revision ?? '').length));
  const lines = rollouts.flatMap((rollout) => {
    const standing = rolloutStanding(rollout.state);
    const sign = mark(screen, standing, screen.nowMs);
    const start = `  ${sign} ${pad(rollout.environment, widest)}  ${pad(rollout.revision ?? '', revision)}`;
    const time = span(rollout.requestedAtMs, rollout.finishedAtMs, screen.nowMs);
    const text = `${start}  ${phase(rollout, screen)}  ${time}`;
    const detail = harmless(rollout.detail);
    const shown = paint(screen, 'dim', detail);
    if (widthOf(text) + 2 + widthOf(detail) <= screen.columns) {
      return [{ text: `${text}  ${shown}`.trimEnd(), standing }];
    }
    return [
      { text, standing },
      { text: `    ${shown}`, standing },
    ];
  });
  return [head(paint(screen, 'bold', 'Rollouts')), ...lines];
}

function phase(rollout: RolloutView, screen: Screen): string {
  const name = paint(screen, rolloutEnded(rollout.state) ? 'reset' : 'cyan', rollout.state);
  if (rollout.state === 'shifting')
    return `${name}  ${bar(rollout.weightPercent)} ${rollout.weightPercent} %`;
  return name;
}

const barCells = 10;

function bar(percent: number): string {
  const full = Math.round((Math.min(100, Math.max(0, percent)) / 100) * barCells);
  return '█'.repeat(full) + '░'.repeat(barCells - full);
}
